"""`medattn audit` writes nothing, and "could not look" is neither right nor wrong, wherever and by whom it is run."""

import ctypes
import hashlib
import json
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from benchmarks.tampering import FOLDER, PAPER

from medattn.__main__ import main as medattn
from medattn.audit import made_with, run_checks
from medattn.audit.context import AuditContext
from medattn.audit.manifest import as_written
from medattn.errors import UserError
from medattn.files import sha256_of_value, write_json
from medattn.layout import ResultPaths

WRONG, HELD, UNCHECKED = "does not hold", "holds", "could not be checked"


def snapshot(*folders: Path) -> dict[Path, tuple[int, int, bytes]]:
    """Return type, time of change and content of everything in these folders."""
    paths = [path for folder in folders for path in [folder, *sorted(folder.rglob("*"))]]
    return {
        path: (path.lstat().st_mode, path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in paths
    }


def audited(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = medattn(["audit", *arguments, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def reseal(results: ResultPaths, change: Callable[[Any], None]) -> None:
    """Change the seal and compute its root hash again."""
    value = json.loads(results.manifest.read_text())
    change(value)
    value["root"] = sha256_of_value({key: part for key, part in value.items() if key != "root"})
    write_json(results.manifest, value)
    results.audit.unlink(missing_ok=True)
    assert as_written(results.manifest, value)


def seal_file(results: ResultPaths, path: Path) -> None:
    """Let the seal name a file as it is."""
    content = path.read_bytes()
    facts = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    reseal(results, lambda value: value["files"].update({path.relative_to(results.folder).as_posix(): facts}))


@pytest.fixture
def copy(finished, tmp_path) -> Path:
    """A copy of the results alone, outside of the project."""
    return Path(shutil.copytree(finished.folder, tmp_path / "elsewhere" / "a copy"))


@pytest.fixture
def open_project(finished, monkeypatch) -> Iterator[None]:
    """Copy the project to where every user may look, and make that the working directory."""
    with tempfile.TemporaryDirectory() as name:
        project = shutil.copytree(Path.cwd(), Path(name) / "project")
        for folder in (Path(name), project):
            folder.chmod(0o755)
        with monkeypatch.context() as patch:
            patch.chdir(project)
            yield


@contextmanager
def without_rights() -> Iterator[None]:
    """Give up the privileges with which root reads files that nobody may read, in this thread."""
    if sys.platform != "linux":  # where only Linux has these privileges a thread
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this thread
    held, fewer = (ctypes.c_uint32 * 6)(), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, held) == 0, os.strerror(ctypes.get_errno())
    fewer[:] = [held[0] & ~0b110, *held[1:]]  # effective: without CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
    assert libc.capset(header, fewer) == 0, os.strerror(ctypes.get_errno())
    try:
        yield
    finally:
        libc.capset(header, held)


@pytest.mark.parametrize("options", [[], ["--all", "--info"], ["--check", "tables"], ["--format", "json"]])
def test_looking_writes_nothing(finished, options):
    before = snapshot(Path.cwd())
    assert medattn(["audit", str(FOLDER), *options]) == 0
    assert snapshot(Path.cwd()) == before


def test_only_complete_audits_are_written_and_only_when_asked(finished, capsys):
    finished.audit.unlink()
    assert medattn(["audit", str(FOLDER)]) == 0
    assert not finished.audit.exists()
    assert medattn(["audit", str(FOLDER), "--write", "--check", "seal"]) == 2
    assert "leave out --check" in capsys.readouterr().err
    assert medattn(["audit", str(FOLDER), "--write"]) == 0
    assert json.loads(finished.audit.read_text())["outcome"] == HELD


def test_the_page_does_not_depend_on_an_audit_that_is_written_later(finished, tmp_path, monkeypatch, capsys):
    assert medattn(["render", "--report"]) == 0, "the page shows the audit of the fixture"
    assert b'id="block-audit"' in finished.report.read_bytes()
    aside = tmp_path / "images"
    Path("data").rename(aside)
    assert medattn(["audit", str(FOLDER), "--write"]) == 3
    aside.rename("data")
    code, value = audited(capsys, str(FOLDER))
    assert (code, value["checks"]["report"]["outcome"]) == (0, HELD)
    finished.audit.unlink()
    assert medattn(["audit", str(FOLDER)]) == 0
    page = finished.report.read_text()
    finished.report.write_text(page.replace("All checks passed.", "All checks passed, twice."))
    code, value = audited(capsys, str(FOLDER))
    assert (code, value["checks"]["report"]["outcome"]) == (1, WRONG)


def test_the_working_directory_does_not_matter(finished, tmp_path, monkeypatch, capsys):
    folder, (_, here) = finished.folder.absolute(), audited(capsys, str(FOLDER))
    stranger = tmp_path / "stranger"
    (stranger / "papers/tampering").mkdir(parents=True)
    (stranger / "papers/tampering/paper.yaml").write_text(PAPER.replace("epochs: 3", "epochs: 9"))
    for place in (Path("/"), stranger, folder, folder / "tables"):
        monkeypatch.chdir(place)
        before = snapshot(stranger)
        code, there = audited(capsys, os.path.relpath(folder, place))
        assert (code, there["outcome"], there["checks"]) == (0, HELD, here["checks"]), place
        assert snapshot(stranger) == before


def test_a_copy_is_audited_with_the_papers_and_images_of_the_working_directory(copy, tmp_path, monkeypatch, capsys):
    assert medattn(["audit", str(copy)]) == 0
    project = Path.cwd()
    monkeypatch.chdir(tmp_path / "elsewhere")
    code, value = audited(capsys, "a copy")
    assert (code, value["outcome"]) == (3, UNCHECKED)
    assert value["counts"]["error"] == value["counts"]["warning"] == 0
    assert any("papers" in group["cause"] for group in value["groups"])
    code, value = audited(capsys, "a copy", "--root", str(project))
    assert (code, value["outcome"]) == (0, HELD)


def test_other_papers_of_the_same_name_could_not_be_checked(copy, tmp_path, monkeypatch, capsys):
    other = tmp_path / "other"
    shutil.copytree("papers", other / "papers")
    shutil.copytree("data", other / "data")
    (other / "papers/tampering/paper.yaml").write_text(PAPER.replace("title: A table", "title: Another table"))
    monkeypatch.chdir(other)
    code, value = audited(capsys, str(copy))
    assert (code, value["counts"]["error"], value["counts"]["warning"]) == (3, 0, 0)
    assert any("papers/tampering/paper.yaml" in group["cause"] for group in value["groups"])
    (other / "papers/tampering/paper.yaml").write_text(PAPER.replace("arms:", "arms:\n  vanila: {recipee: 1}"))
    assert medattn(["audit", str(copy)]) == 3, "papers that this version refuses are no fault of the folder"


def test_a_read_only_copy_without_images_has_a_verdict_in_under_twenty_lines(copy, tmp_path, monkeypatch, capsys):
    shutil.copytree("papers", tmp_path / "clone" / "papers")
    monkeypatch.chdir(tmp_path / "clone")
    for path in [copy, *copy.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = snapshot(copy)
    assert medattn(["audit", str(copy)]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert snapshot(copy) == before
    assert len(lines) < 20
    text = "\n".join(lines)
    assert "seal 73 files" in text and "records 11 runs" in text
    (at,) = [number for number, line in enumerate(lines) if "prepared images are not on this machine" in line]
    assert all(check in lines[at] for check in ("seal", "data", "training"))
    assert lines[at + 1].strip() == f"medattn fetch phantom --plan '{copy}/plan.json'"
    assert medattn(shlex.split(lines[at + 1])[1:]) == 0
    assert medattn(["audit", str(copy)]) == 0, "nothing else was missing"


def test_what_this_user_may_not_read_could_not_be_checked(open_project, capsys):
    assert medattn(["audit", str(FOLDER)]) == 0  # it imports what another user may not
    names = ["plan.json", "manifest.json", "seals.jsonl", "measurements.csv", "packs"]
    inside = ["runs", "runs/*/train-*/record.json"]
    others = [Path("data"), next(Path("papers").glob("*/*.csv")), next(Path("data/prepared").glob("*/manifest.json"))]
    for path in [*(next(FOLDER.glob(name)) for name in (*names, *inside)), *others]:
        mode = path.stat().st_mode
        path.chmod(0)
        with without_rights():
            code, value = audited(capsys, str(FOLDER))
        path.chmod(mode)
        assert (code, value["counts"]["error"], value["counts"]["warning"]) == (3, 0, 0), (path, value["groups"])
        assert any("could not be read" in group["cause"] for group in value["groups"]), path


@pytest.mark.parametrize("lost", ["tables", "runs", "packs", "measurements.csv"])
def test_what_is_gone_from_the_folder_is_wrong_even_without_images(finished, capsys, lost):
    shutil.rmtree("data")
    path = FOLDER / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert medattn(["audit", str(FOLDER)]) == 1
    assert "does not hold: seal" in capsys.readouterr().out


def lose_page(results: ResultPaths) -> None:
    results.report.unlink()


def lose_manifest(results: ResultPaths) -> None:
    results.manifest.unlink()


@pytest.mark.parametrize(("lose", "checks"), [(lose_page, ["report"]), (lose_manifest, ["seal", "chain"])])
def test_what_the_last_audit_or_the_history_names_and_is_gone_is_found(finished, capsys, lose, checks):
    lose(finished)
    for check in checks:
        code, value = audited(capsys, str(FOLDER), "--check", check)
        assert (code, value["checks"][check]["outcome"]) == (1, WRONG)


def test_a_page_that_no_audit_looked_at_is_not_missed(finished):
    finished.report.unlink()
    finished.audit.unlink()
    assert medattn(["audit", str(FOLDER), "--check", "report", "--check", "pairing"]) == 0


def test_nothing_to_check_is_not_that_all_holds(finished, capsys):
    assert medattn(["audit", str(FOLDER), "--check", "crate"]) == 3
    said = capsys.readouterr().out.splitlines()[-1]
    assert "audited, but there was nothing to check; sealed as" in said
    shutil.rmtree("data")
    assert medattn(["audit", str(FOLDER), "--check", "originals"]) == 3


def test_the_page_counts_the_checks_that_had_something_to_look_at(finished):
    assert medattn(["render", "--report"]) == 0
    page = finished.report.read_text()
    assert "All checks passed." in page and "15 checks verified" in page
    assert "crate, " not in page.split("Checks that hold: ", 1)[1].split("</p>", 1)[0]


def test_images_with_one_file_missing_are_not_on_this_machine(finished, capsys):
    next(Path("data/prepared").glob("*/images.safetensors")).unlink()
    code, value = audited(capsys, str(FOLDER))
    assert (code, value["outcome"]) == (3, UNCHECKED)


def test_files_of_another_version_could_not_be_checked_and_those_of_this_version_are_wrong(finished, capsys):
    table = next(FOLDER.glob("tables/*.md"))
    table.write_text(table.read_text() + "\n<!-- by hand -->\n")
    seal_file(finished, table)
    code, value = audited(capsys, str(FOLDER), "--check", "tables")
    assert (code, value["outcome"]) == (1, WRONG)
    reseal(finished, lambda value: value["made_with"].update(code_sha256="0" * 64, commit="c0ffee0" * 5))
    code, value = audited(capsys, str(FOLDER), "--check", "tables")
    assert (code, value["outcome"]) == (3, UNCHECKED)
    assert "c0ffee0c0ffe" in value["groups"][0]["remedy"]
    reseal(finished, lambda value: value.pop("made_with"))
    assert medattn(["audit", str(FOLDER), "--check", "tables"]) == 3
    assert medattn(["audit", str(FOLDER), "--check", "records"]) == 0


def test_figures_drawn_by_another_library_could_not_be_checked_but_numbers_are_wrong(finished, monkeypatch, capsys):
    libraries = made_with._libraries()
    monkeypatch.setattr(made_with, "_libraries", lambda: {**libraries, "matplotlib": "1.0"})
    assert medattn(["audit", str(FOLDER)]) == 0, "the same bytes hold"
    figure = next(FOLDER.glob("figures/*.svg"))
    figure.write_text(figure.read_text() + "\n")
    assert medattn(["audit", str(FOLDER), "--check", "tables"]) == 1, "another library changes no sealed file"
    seal_file(finished, figure)
    code, value = audited(capsys, str(FOLDER), "--check", "tables")
    assert (code, value["outcome"]) == (3, UNCHECKED)
    assert "matplotlib" in value["groups"][0]["cause"]
    finished.measurements.write_text(finished.measurements.read_text() + "\n")
    assert medattn(["audit", str(FOLDER), "--check", "tables"]) == 1


def test_one_cause_is_one_group_and_all_lists_every_finding(finished, capsys):
    for path in FOLDER.glob("runs/*/*/history.csv"):
        path.write_text(path.read_text() + "\n")
    assert medattn(["audit", str(FOLDER), "--check", "records"]) == 1
    head, action, *rest = capsys.readouterr().out.splitlines()
    assert head.startswith("does not hold: records: 11 files changed since they were sealed (11 places: ")
    assert "restore the file" in action
    assert rest[0].startswith("did not run: seal, chain, plan, ")
    assert medattn(["audit", str(FOLDER), "--check", "records", "--all"]) == 1
    assert sum(line.startswith("error: records: ") for line in capsys.readouterr().out.splitlines()) == 11


def test_a_missing_choice_is_named_once_by_its_path_in_the_folder_without_names_of_exceptions(copy, capsys):
    tuned = next(copy.glob("tuned/*.json"))
    tuned.unlink()
    for sealed in (True, False):
        code, value = audited(capsys, str(copy), "--check", "records", "--check", "tables", "--check", "report")
        assert code == 1
        found = [finding for finding in value["findings"] if finding["severity"] == "error"]
        assert [f["place"] for f in found if f["check"] == "records"] == [f"tuned/{tuned.name}"]
        internal = ("UserError", "run the step", f"{copy}/", "medattn-audit-")
        assert not any(word in str(finding) for finding in found for word in internal)
        if sealed:
            (wrong,) = [group for group in value["groups"] if group["severity"] == "error"]
            assert wrong["cause"] == f"tuned/{tuned.name} is gone, although it was sealed"
            for name in ("manifest.json", "seals.jsonl"):
                (copy / name).unlink()


def test_without_images_a_check_says_once_how_many_runs_it_lacks(finished, capsys):
    shutil.rmtree("data")
    assert medattn(["audit", str(FOLDER), "--check", "training", "--all"]) == 3
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("unchecked: training")]
    assert "11 runs were not checked" in line


def test_a_folder_that_cannot_be_written_is_refused_before_the_audit(finished, monkeypatch, capsys):
    monkeypatch.setattr(os, "access", lambda _path, mode, **_: mode != os.W_OK)
    for option in ("--write", "--seal"):
        assert medattn(["audit", str(FOLDER), option]) == 2
        assert "cannot be written" in capsys.readouterr().err


def test_names_of_files_cannot_write_to_the_terminal(finished, capsys):
    (FOLDER / "tables" / "a\x1b[31m\x07\nerror: seal: b").write_text("x")
    assert medattn(["audit", str(FOLDER)]) == 1
    said = capsys.readouterr().out
    assert "\x1b" not in said and "\x07" not in said
    assert not any(line.startswith("error: seal: b") for line in said.splitlines())


def test_a_hundred_causes_are_fewer_than_twenty_lines(finished, capsys):
    for number, path in enumerate(sorted(path for path in FOLDER.rglob("*") if path.is_file())):
        path.write_bytes(path.read_bytes()[:-1] if number % 2 else b"{")
    assert medattn(["audit", str(FOLDER)]) in (1, 2)
    assert len(capsys.readouterr().out.splitlines()) < 20


def test_each_file_of_the_folder_is_hashed_once(finished, monkeypatch):
    from medattn.audit import context

    hashed: list[Path] = []
    plain = context.sha256_of_file
    monkeypatch.setattr(context, "sha256_of_file", lambda path: hashed.append(path.resolve()) or plain(path))
    assert medattn(["audit", str(FOLDER)]) == 0
    assert len(hashed) == len(set(hashed)) > 72


def test_images_prepared_with_other_libraries_could_not_be_checked_and_changed_ones_are_wrong(finished, capsys):
    (path,) = Path("data/prepared").glob("*/manifest.json")

    before = json.loads(path.read_text())

    def prepare_with(part: str = "libraries", **changes: str) -> None:
        value = {**before, part: {**before[part], **changes}}
        value["self_sha256"] = sha256_of_value({key: part for key, part in value.items() if key != "self_sha256"})
        write_json(path, value)

    prepare_with(pillow="1.0")
    code, value = audited(capsys, str(FOLDER))
    assert (code, value["counts"]["error"]) == (3, 0)
    assert "pillow" in value["groups"][0]["cause"]
    prepare_with(torch="1.0")
    assert medattn(["audit", str(FOLDER), "--check", "seal"]) == 1, "the same libraries write the same manifest"
    prepare_with("code", more="0" * 12)
    assert medattn(["audit", str(FOLDER), "--check", "seal"]) == 1, "so does the same version"
    reseal(finished, lambda value: value["made_with"].update(code_sha256="0" * 64))
    assert medattn(["audit", str(FOLDER), "--check", "seal"]) == 3, "another version can write another manifest"


def test_images_that_this_code_prepared_again_hold_where_they_are_the_sealed_ones(finished, capsys):
    (path,) = Path("data/prepared").glob("*/manifest.json")
    before = path.read_bytes()
    value = json.loads(before)
    value["code"] = {**value["code"], "datasets/prepare.py": "0" * 12}
    value["self_sha256"] = sha256_of_value({key: part for key, part in value.items() if key != "self_sha256"})
    write_json(path, value)
    assert medattn(["audit", str(FOLDER), "--seal"]) == 0  # by the code that prepared them, an earlier one
    path.write_bytes(before)
    assert medattn(["audit", str(FOLDER), "--check", "seal"]) == 0
    images = path.with_name("images.safetensors")
    content = images.read_bytes()
    images.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert medattn(["audit", str(FOLDER), "--check", "seal"]) == 1


def test_a_mechanism_of_the_user_that_is_not_here_could_not_be_checked(finished, monkeypatch, capsys):
    monkeypatch.setattr(AuditContext, "absent_mechanisms", ["mine:Attention"])
    refuse = UserError("mine: no such module")

    def fail(_: AuditContext) -> None:
        raise refuse

    monkeypatch.setitem(run_checks.CHECKS, "plan", fail)
    code, value = audited(capsys, str(FOLDER), "--check", "plan")
    assert (code, value["outcome"]) == (3, UNCHECKED)
    assert "mine:Attention" in value["groups"][0]["cause"]
