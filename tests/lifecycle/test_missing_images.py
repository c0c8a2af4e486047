"""Finished numbers stay whatever is missing: the original, the prepared images, or both, under any path."""

import shutil
from collections.abc import Callable

import pytest

from medattn.audit.context import AuditContext
from medattn.audit.run_checks import run_checks
from medattn.files import read_json, sha256_of_value, write_json
from medattn.plan import original_content
from medattn.plan.plan_file import read_plan
from tests.conftest import Project

from .conftest import ENTRY, configure


def move_original(project: Project) -> None:
    (project.root / "pictures").rename(project.root / "elsewhere")


def remove_prepared(project: Project) -> None:
    shutil.rmtree(project.root / "data/prepared")


def forget(project: Project) -> None:
    """Remove what the folder of data remembers, as on another machine."""
    shutil.rmtree(project.root / "data/prepared/contents", ignore_errors=True)


def edit_path(project: Project) -> None:
    configure(project, datasets={"mine": {**ENTRY, "path": "elsewhere"}})


def prepare_others(project: Project) -> None:
    """Prepare other images under the same name, as another selection does."""
    other = shutil.copytree(project.root / "elsewhere", project.root / "other")
    (other / "3.png").write_bytes((other / "0.png").read_bytes())
    configure(project, datasets={"mine": {**ENTRY, "path": "other"}}, selection="second")
    assert project.medattn("fetch") == 0
    shutil.rmtree(other)
    configure(project)


def move_results(project: Project) -> None:
    project.root.joinpath("results").rename(project.root / "kept")
    configure(project, results="kept")


def edit_data(project: Project) -> None:
    configure(project, data="other-data")


CASES: dict[str, list[Callable[[Project], None]]] = {
    "prepared": [remove_prepared],
    "original": [move_original],
    "both": [move_original, remove_prepared],
    "both, nothing remembered": [move_original, remove_prepared, forget],
    "original, path edited to nothing": [
        move_original,
        lambda p: configure(p, datasets={"mine": {**ENTRY, "path": "gone"}}),
    ],
    "path edited to where it is": [move_original, edit_path],
    "path edited, prepared gone": [move_original, edit_path, remove_prepared, forget],
    "other images of the name prepared": [move_original, prepare_others],
    "only other images of the name prepared": [move_original, remove_prepared, prepare_others, forget],
    "results moved": [move_original, remove_prepared, forget, move_results],
    "folder of data edited": [move_original, edit_data],
}


@pytest.mark.parametrize("changes", CASES.values(), ids=CASES)
def test_numbers_stay(trained, monkeypatch, changes):
    monkeypatch.setattr(original_content, "_SETTLED_S", 0.0)
    trained.plan()
    assert trained.medattn("fetch") == 0
    runs, before = set(trained.plan().runs), trained.results.measurements.read_bytes()
    for change in changes:
        change(trained)
    assert trained.medattn("plan", "--write") == 0
    assert trained.medattn("measure") == 0
    folder = trained.root / ("kept" if move_results in changes else "results") / "trial"
    assert set(read_plan(folder / "plan.json").runs) == runs
    assert (folder / "measurements.csv").read_bytes() == before


def change_an_image(project: Project) -> None:
    (project.root / "pictures/3.png").write_bytes((project.root / "pictures/0.png").read_bytes())


@pytest.mark.parametrize("changes", [[], [change_an_image], [move_original], [move_original, remove_prepared, forget]])
def test_an_audit_does_not_blame_a_folder_for_what_became_of_its_images(trained, changes):
    assert trained.medattn("fetch") == 0
    for change in changes:
        change(trained)
    found = list(run_checks(AuditContext(trained.results.folder), ["plan", "originals"]))
    assert not [finding for finding in found if finding.severity in ("error", "warning")]
    unchecked = [finding for finding in found if finding.severity == "unchecked"]
    assert bool(unchecked) == (change_an_image in changes or remove_prepared in changes)


def test_prepared_images_under_the_identity_of_others_are_found(trained):
    assert trained.medattn("fetch") == 0
    (path,) = (trained.root / "data/prepared").glob("mine-*/manifest.json")
    manifest = read_json(path)
    manifest["source_files"][0]["sha256"] = "0" * 64
    manifest["self_sha256"] = sha256_of_value({key: manifest[key] for key in manifest if key != "self_sha256"})
    write_json(path, manifest)
    found = run_checks(AuditContext(trained.results.folder), ["data"])
    assert any("from the hashes of its original files" in finding.expected for finding in found)
