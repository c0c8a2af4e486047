"""`medattn crate`: valid by the profile's own validator, the same bytes again, and readable without medattn."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import rocrate
from benchmarks.tampering import FOLDER

from medattn.__main__ import main as medattn
from medattn.files import sha256_of_file

JSON_LD = {"Content-Type": "application/ld+json"}
CRATE = FOLDER / "crate"
# The validator asks the internet for the context of RO-Crate 1.1; what rocrate brings along is that of a later version,
# in which the terms of Bioschemas have moved, and in which sha256 is a term.
MOVED = {
    "https://bioschemas.org/terms/input": "https://bioschemas.org/ComputationalWorkflow#input",
    "https://bioschemas.org/terms/output": "https://bioschemas.org/ComputationalWorkflow#output",
    "https://bioschemas.org/terms/": "https://bioschemas.org/",
}


def context_of_1_1() -> dict:
    text = (Path(rocrate.__file__).parent / "data/ro-crate.jsonld").read_text()
    for later, earlier in MOVED.items():
        text = text.replace(later, earlier)
    context = json.loads(text)
    context["@context"].pop("sha256", None)
    return context


@pytest.fixture
def crate(finished) -> Path:
    assert medattn(["crate", str(FOLDER)]) == 0
    return CRATE


def entities(crate: Path) -> dict[str, dict]:
    return {entity["@id"]: entity for entity in json.loads((crate / "ro-crate-metadata.json").read_text())["@graph"]}


@pytest.mark.slow
def test_the_validator_of_the_profile_finds_nothing_required_that_lacks(crate, monkeypatch):
    from rocrate_validator import models, services
    from rocrate_validator.utils.http import HttpRequester

    context, asked = context_of_1_1(), []

    def get(_, url, **__):
        asked.append(url)
        return SimpleNamespace(status_code=200, json=lambda: context, text=json.dumps(context), headers=JSON_LD)

    monkeypatch.setattr(HttpRequester, "get", get, raising=False)
    settings = services.ValidationSettings(
        rocrate_uri=str(crate),
        profile_identifier="provenance-run-crate",
        requirement_severity=models.Severity.REQUIRED,
        offline=True,
    )
    assert [(issue.check.identifier, issue.message) for issue in services.validate(settings).get_issues()] == []
    assert set(asked) == {"https://w3id.org/ro/crate/1.1/context"}


def test_every_file_is_described_with_its_hash_and_every_description_has_its_file(crate):
    described = {name: entity for name, entity in entities(crate).items() if "sha256" in entity}
    assert all(sha256_of_file(crate / name) == entity["sha256"] for name, entity in described.items())
    own = {"README.md", "Snakefile", "ro-crate-metadata.json", "ro-crate-preview.html"}
    files = {path.relative_to(crate).as_posix() for path in crate.rglob("*") if path.is_file()}
    assert {name for name in files - own if not name.startswith("workflow/rules/")} == set(described)
    assert not list(crate.rglob("*.safetensors"))


def test_every_pack_is_an_action_with_what_it_read_and_made(crate):
    found = entities(crate)
    packs = [entity for name, entity in found.items() if name.startswith("#action-pack-")]
    assert len(packs) == len(json.loads((FOLDER / "plan.json").read_text())["packs"])
    made = {result["@id"] for pack in packs for result in pack["result"]}
    records = {path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("runs/*/*/record.json")}
    assert records <= made
    for pack in packs:
        assert pack["instrument"] == {"@id": "#medattn-train"}
        assert pack["startTime"] <= pack["endTime"]
        assert any(read["@id"].startswith("#data-phantom-") for read in pack["object"])


def test_the_same_folder_gives_the_same_bytes_and_stays_sealed(crate, capsys):
    before = {path: path.read_bytes() for path in crate.rglob("*") if path.is_file()}
    assert medattn(["crate", str(FOLDER)]) == 0
    assert {path: path.read_bytes() for path in crate.rglob("*") if path.is_file()} == before
    assert medattn(["audit", str(FOLDER), "--check", "seal"]) == 0
    assert not list(FOLDER.glob(".crate*"))


def crate_findings(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict]]:
    capsys.readouterr()
    code = medattn(["audit", str(FOLDER), "--check", "crate", "--format", "json"])
    return code, json.loads(capsys.readouterr().out)["findings"]


def test_the_audit_finds_a_changed_and_an_outdated_file_of_the_crate(crate, capsys):
    assert crate_findings(capsys) == (0, [])
    changed = crate / "measurements.csv"
    changed.write_bytes(changed.read_bytes() + b"\n")
    (FOLDER / "comparisons.csv").write_text("")
    code, found = crate_findings(capsys)
    assert code == 1
    places = {finding["place"] for finding in found}
    assert {"crate/measurements.csv", "crate/comparisons.csv", "crate/ro-crate-metadata.json"} <= places
    commands = {finding["place"]: (finding["command"], finding["cause"]) for finding in found}
    assert commands["crate/measurements.csv"] == ("medattn crate results/tampering", "")
    assert commands["crate/comparisons.csv"] == ("", "comparisons.csv changed since it was sealed")


def rewrite(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text(encoding="utf-8")
    path.write_text(change(before), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != before


def describe_anew(crate: Path, change: Callable[[list[dict]], None]) -> None:
    """Change the entities of the description, written as the library writes it."""
    path = crate / "ro-crate-metadata.json"
    value = json.loads(path.read_text())
    change(value["@graph"])
    path.write_text(json.dumps(value, indent=4, sort_keys=True, ensure_ascii=False))


def another_preview(crate: Path) -> None:
    (crate / "ro-crate-preview.html").write_text("<html><h1>All claims reproduced</h1></html>")


def a_word_in_the_preview(crate: Path) -> None:
    rewrite(crate / "ro-crate-preview.html", lambda text: text.replace("medattn", "another software", 1))


def another_guide(crate: Path) -> None:
    rewrite(crate / "README.md", lambda text: text + "Every value was verified by a third party.\n")


def another_workflow(crate: Path) -> None:
    rewrite(crate / "Snakefile", lambda text: text + "# nothing\n")


def another_rule(crate: Path) -> None:
    rewrite(next((crate / "workflow" / "rules").glob("*.smk")), lambda text: text + "# nothing\n")


def an_added_file(crate: Path) -> None:
    (crate / "tables" / "better.md").write_text("| 100.00 |")


def a_hidden_file(crate: Path) -> None:
    (crate / ".payload").write_text("")


def a_lost_file(crate: Path) -> None:
    next(crate.glob("runs/*/*/record.json")).unlink()


def a_lost_description(crate: Path) -> None:
    (crate / "ro-crate-metadata.json").unlink()


def a_link_in_place_of_a_file(crate: Path) -> None:
    path = crate / "claims.csv"
    path.unlink()
    path.symlink_to((FOLDER / "claims.csv").absolute())


def another_author(crate: Path) -> None:
    describe_anew(crate, lambda graph: graph[0].update(author="Somebody else"))


def a_payload_with_its_hash(crate: Path) -> None:
    path = crate / "measurements.csv"
    rewrite(path, lambda text: text.replace("measured", "confirmed"))
    facts = {"sha256": sha256_of_file(path), "contentSize": str(path.stat().st_size)}

    def change(graph: list[dict]) -> None:
        next(entity for entity in graph if entity["@id"] == "measurements.csv").update(facts)

    describe_anew(crate, change)


def an_undescribed_file(crate: Path) -> None:
    describe_anew(crate, lambda graph: graph.remove(next(e for e in graph if e["@id"] == "claims.csv")))
    (crate / "claims.csv").unlink()


def another_instrument(crate: Path) -> None:
    def change(graph: list[dict]) -> None:
        next(e for e in graph if e["@id"].startswith("#action-pack-"))["instrument"] = {"@id": "#medattn-measure"}

    describe_anew(crate, change)


@pytest.mark.parametrize(
    "forge",
    [
        another_preview, a_word_in_the_preview, another_guide, another_workflow, another_rule, an_added_file,
        a_hidden_file, a_lost_file, a_lost_description, a_link_in_place_of_a_file, another_author,
        a_payload_with_its_hash, an_undescribed_file, another_instrument,
    ],
)  # fmt: skip
def test_every_forgery_of_the_crate_is_found(crate, capsys, forge):
    forge(crate)
    code, found = crate_findings(capsys)
    assert code == 1
    assert all(finding["place"].startswith("crate/") for finding in found)


def test_a_crate_stays_right_when_the_folder_is_audited_later(crate, capsys):
    assert medattn(["audit", str(FOLDER), "--write"]) == 0
    assert crate_findings(capsys) == (0, [])


def test_without_images_the_copies_are_compared_and_the_description_could_not_be(crate, capsys):
    shutil.rmtree("data")
    code, found = crate_findings(capsys)
    assert (code, [finding["severity"] for finding in found]) == (3, ["unchecked"])
    rewrite(crate / "claims.csv", lambda text: text + "\n")
    assert crate_findings(capsys)[0] == 1


def test_arrays_come_along_when_asked_for_and_no_folder_is_one_line(finished, capsys):
    assert medattn(["crate", str(FOLDER), "--arrays"]) == 0
    assert len(list(CRATE.rglob("scores.safetensors"))) == len(list(FOLDER.glob("runs/*/*/record.json")))
    assert crate_findings(capsys) == (0, [])
    next(CRATE.rglob("scores.safetensors")).unlink()
    assert crate_findings(capsys)[0] == 1
    shutil.rmtree(FOLDER)
    assert medattn(["crate", str(FOLDER)]) == 2
    assert "no results (no plan.json)" in capsys.readouterr().err
