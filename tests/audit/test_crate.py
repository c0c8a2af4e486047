"""`medattn crate`: valid by the profile's own validator, the same bytes again, and readable without medattn."""

import json
import shutil
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


def test_the_audit_finds_a_changed_and_an_outdated_file_of_the_crate(crate, capsys):
    assert medattn(["audit", str(FOLDER), "--check", "crate"]) == 0
    changed = crate / "measurements.csv"
    changed.write_bytes(changed.read_bytes() + b"\n")
    (FOLDER / "comparisons.csv").write_text("")
    assert medattn(["audit", str(FOLDER), "--check", "crate"]) == 1
    said = capsys.readouterr().out
    assert "error: crate: crate/measurements.csv" in said
    assert "warning: crate: crate/comparisons.csv" in said


def test_arrays_come_along_when_asked_for_and_no_folder_is_one_line(finished, capsys):
    assert medattn(["crate", str(FOLDER), "--arrays"]) == 0
    assert len(list(CRATE.rglob("scores.safetensors"))) == len(list(FOLDER.glob("runs/*/*/record.json")))
    shutil.rmtree(FOLDER)
    assert medattn(["crate", str(FOLDER)]) == 2
    assert "no results (no plan.json)" in capsys.readouterr().err
