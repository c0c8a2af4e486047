"""`medattn audit` reports what it cannot check: unknown commits, renamed files, absent images, other plan schemas."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from benchmarks.tampering import FOLDER

from medattn.__main__ import main as medattn
from medattn.audit.checks import code
from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.manifest import seal
from medattn.audit.run_checks import run_checks
from medattn.files import sha256_of_value, write_json
from medattn.layout import ResultPaths
from medattn.provenance.code import CODE_FOLDER, modules_digest, source_sha256

GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]


def findings(check: str) -> list[Finding]:
    return list(run_checks(AuditContext(FOLDER), [check]))


def severities(check: str) -> list[str]:
    return [finding.severity for finding in findings(check)]


def change_records(change: Callable[[Any], None]) -> None:
    for path in FOLDER.glob("runs/*/*/record.json"):
        record = json.loads(path.read_text())
        change(record["code"])
        write_json(path, record)


def commit_all(folder: Path) -> str:
    subprocess.run([*GIT, "add", "."], cwd=folder, check=True)
    subprocess.run([*GIT, "commit", "-q", "-m", "Code"], cwd=folder, check=True)
    return subprocess.run([*GIT, "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True).stdout[
        :-1
    ]


@pytest.fixture
def clone(finished, tmp_path, monkeypatch) -> Path:
    """A git checkout with the modules that the records name; the audit looks for commits there."""
    folder = tmp_path / "clone"
    for path in FOLDER.glob("runs/*/*/record.json"):
        for name in json.loads(path.read_text())["code"]["modules"]:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(CODE_FOLDER / name, folder / name)
    subprocess.run([*GIT, "init", "-q"], cwd=folder, check=True)
    monkeypatch.setattr(code, "CODE_FOLDER", folder)
    return folder


def record_another_text_of(folder: Path, module: str, text: str) -> None:
    """Let every record name the code of `folder` with another text of one module."""

    def change(recorded: Any) -> None:
        texts = {name: (folder / name).read_text() for name in recorded["modules"]}
        hashes = {name: source_sha256(text if name == module else content) for name, content in texts.items()}
        recorded["modules"] = {name: sha256[:12] for name, sha256 in hashes.items()}
        recorded["digest"] = modules_digest(hashes)

    change_records(change)


def test_the_recorded_commit_has_the_recorded_code(clone):
    commit = commit_all(clone)
    change_records(lambda recorded: recorded.update(commit=commit, dirty=False))
    assert findings("code") == []


@pytest.mark.parametrize(("dirty", "severity"), [(False, "error"), (True, "error")])
def test_other_code_in_the_recorded_commit_is_found(clone, dirty, severity):
    commit = commit_all(clone)
    change_records(lambda recorded: recorded.update(commit=commit, dirty=dirty))
    record_another_text_of(clone, "seeding.py", "x = 1\n")
    found = findings("code")
    assert {finding.severity for finding in found} == {severity}
    assert all("seeding.py" in finding.found and commit[:12] in finding.expected for finding in found)


@pytest.mark.parametrize(("changed", "severities_found"), [
    (["workflow/medattn/training/splits.py"], {"info"}),  # the digest is the commit's: comments or words changed
    (["workflow/medattn/config/arms.py", "workflow/medattn/report/embedding.py"], {"warning", "info"}),
    (["workflow/medattn/render/captions.py", "workflow/medattn/commands/audit.py"], {"info"}),
    (["workflow/medattn/attention/untracked.py"], {"info"}),
    (["papers/mine/published.csv"], {"warning"}),
    (["workflow/rules/train.smk"], {"warning"}),
    ([], {"warning"}),
])  # fmt: skip
def test_uncommitted_changes_are_findings_even_where_the_digest_is_that_of_the_commit(clone, changed, severities_found):
    commit = commit_all(clone)
    change_records(lambda recorded: recorded.update(commit=commit, dirty=True, changed=changed))
    found = findings("code")
    assert {finding.severity for finding in found} == severities_found
    assert all(any(name in finding.found for finding in found) for name in changed)


def test_the_reason_for_no_commit_is_said(clone, capsys):
    reason = "the repository around it, /x, does not track /x/y"
    change_records(lambda recorded: recorded.update(no_commit=reason))
    assert {(finding.severity, reason in finding.found) for finding in findings("code")} == {("info", True)}
    record_another_text_of(clone, "seeding.py", "x = 1\n")
    assert {(finding.severity, reason in finding.found) for finding in findings("code")} == {("unchecked", True)}


def test_code_that_was_renamed_since_is_read_from_the_recorded_commit(clone):
    commit = commit_all(clone)
    change_records(lambda recorded: recorded.update(commit=commit, dirty=False))
    (clone / "seeding.py").rename(clone / "streams.py")
    commit_all(clone)
    assert findings("code") == []


def test_a_record_that_names_a_file_which_its_commit_does_not_have_is_wrong(clone):
    (clone / "seeding.py").unlink()
    commit = commit_all(clone)
    change_records(lambda recorded: recorded.update(commit=commit, dirty=False))
    found = findings("code")
    assert len({finding.place for finding in found}) == 11
    assert {finding.severity for finding in found} == {"error"}
    assert all("seeding.py" in finding.found and commit[:12] in finding.expected for finding in found)


def test_an_unknown_commit_could_not_be_checked_and_is_only_worth_knowing_where_the_code_is_installed(clone):
    commit_all(clone)
    change_records(lambda recorded: recorded.update(commit="a" * 40, dirty=False))
    assert severities("code") == ["info"] * len(findings("code"))
    record_another_text_of(clone, "seeding.py", "x = 1\n")
    found = findings("code")
    assert {finding.severity for finding in found} == {"unchecked"}
    assert all("aaaaaaaaaaaa" in finding.expected and "get commit aaaaaaaaaaaa" in finding.remedy for finding in found)
    assert all("seeding.py" in finding.expected and "this clone does not have" in finding.found for finding in found)


def test_without_git_or_a_checkout_the_code_could_not_be_checked(clone, monkeypatch, capsys):
    commit = commit_all(clone)
    change_records(lambda recorded: recorded.update(commit=commit, dirty=False))
    record_another_text_of(clone, "seeding.py", "x = 1\n")
    shutil.rmtree(clone / ".git")
    code._git_problem.cache_clear()
    assert all("not in a git checkout" in finding.found for finding in findings("code"))
    monkeypatch.setenv("PATH", "/nowhere")
    code._git_problem.cache_clear()
    assert all("git is not installed" in finding.found for finding in findings("code"))
    assert medattn(["audit", str(FOLDER), "--check", "code"]) == 3
    assert "nothing wrong, but not everything could be checked" in capsys.readouterr().out.splitlines()[-1]


def test_a_record_without_commit_or_modules_could_not_be_checked_unless_the_code_is_installed(clone):
    assert findings("code") == []
    change_records(lambda recorded: recorded.pop("modules"))
    assert {finding.severity for finding in findings("code")} == {"unchecked"}


def test_a_commit_that_is_none_is_an_error(clone):
    change_records(lambda recorded: recorded.update(commit="--help"))
    assert set(severities("code")) == {"error"}


def test_images_that_are_not_on_this_machine_could_not_be_checked(finished, capsys):
    shutil.rmtree("data")
    assert medattn(["audit", str(FOLDER)]) == 3
    assert (
        "seal, data, originals, training, tables: the prepared images are not on this machine"
        in capsys.readouterr().out
    )
    assert medattn(["audit", str(FOLDER), "--all", "--write"]) == 3
    said = capsys.readouterr().out
    assert "unchecked: seal: data/prepared/phantom-" in said
    assert "unchecked: data: data/prepared/phantom-" in said and "11 runs" in said
    audit = json.loads(finished.audit.read_text())
    assert (audit["outcome"], audit["holds"]) == ("could not be checked", False)


def as_an_earlier_version_wrote_it(results: ResultPaths) -> None:
    """Write plan and records with the key of an earlier version, and seal the folder."""
    text = results.plan.read_text().replace('"schema": 2', '"schema": 1').replace('"batch_size"', '"batch"')
    plan = AuditContext(FOLDER).plan
    results.plan.write_text(text)
    for path in FOLDER.glob("runs/*/*/record.json"):
        record = json.loads(path.read_text())
        recipe = record["configuration"].get("recipe") or {}
        if "batch_size" in recipe:
            recipe["batch"] = recipe.pop("batch_size")
        record["configuration_sha256"] = sha256_of_value(record["configuration"])
        write_json(path, record)
    for path in (results.seals, results.manifest):
        path.unlink()
    seal(results, plan)


def test_a_plan_of_another_version_is_one_finding_and_the_seal_and_the_records_are_checked(finished, capsys):
    as_an_earlier_version_wrote_it(finished)
    assert medattn(["audit", str(FOLDER), "--write"]) == 3
    line, action, *_, summary = capsys.readouterr().out.splitlines()
    assert line.startswith("could not be checked: plan, completeness, records, ")
    assert "another version of medattn wrote plan.json (schema 1; this version reads schema 2)" in line
    assert " checkout " in action or "audit with the version of medattn" in action
    assert "nothing wrong, but not everything could be checked" in summary and "11 runs" in summary
    checks = json.loads(finished.audit.read_text())["checks"]
    assert [name for name, facts in checks.items() if facts["ran"]] == ["seal", "chain", "records", "code", "crate"]
    assert medattn(["audit", str(FOLDER), "--check", "seal", "--replay", "1", "--all"]) == 3
    assert "no run was replayed" in capsys.readouterr().out


def test_changes_are_found_in_a_folder_with_a_plan_of_another_version(finished, capsys):
    as_an_earlier_version_wrote_it(finished)
    history = next(FOLDER.glob("runs/*/*/history.csv"))
    history.write_text(history.read_text() + "\n")
    assert medattn(["audit", str(FOLDER)]) == 1
    assert f"does not hold: seal, records: {history.relative_to(FOLDER)} changed since" in capsys.readouterr().out


def test_a_plan_of_another_version_cannot_be_sealed(finished, capsys):
    as_an_earlier_version_wrote_it(finished)
    assert medattn(["audit", str(FOLDER), "--seal"]) == 2
    assert "wrote this plan (schema" in capsys.readouterr().err


def test_images_that_other_code_prepared_could_not_be_checked(finished):
    assert findings("data") == [] or "unchecked" not in severities("data")

    def change(recorded: Any) -> None:
        (reader,) = [name for name in recorded["modules"] if name == "sources/phantom.py"]
        recorded["modules"][reader] = "0" * 12

    change_records(change)
    found = [finding for finding in findings("data") if finding.severity == "unchecked"]
    assert found and all("sources/phantom.py" in finding.found for finding in found)
