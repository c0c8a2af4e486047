"""`medattn audit`: an unchanged folder holds, and every change is found, sealed again or not."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.tampering import FOLDER, first_finding, tamper
from safetensors.numpy import load_file, save_file

from medattn.__main__ import main as medattn
from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.manifest import seal
from medattn.audit.registry import CHECKS
from medattn.audit.run_checks import run_checks
from medattn.files import sha256_of_file, sha256_of_value, write_json
from medattn.layout import ResultPaths
from medattn.plan.finished_run import FinishedRun


def faults(checks: list[str] | None = None) -> list[Finding]:
    return [finding for finding in run_checks(AuditContext(FOLDER), checks) if finding.severity != "info"]


def a_run(arm: str, stage: str = "train") -> FinishedRun:
    return next(e for e in AuditContext(FOLDER).finished_runs() if e.cell.arm == arm and e.run.stage == stage)


def change_json(path: Path, change: Callable[[Any], None]) -> None:
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    write_json(path, value)


def name_output(run: FinishedRun, path: Path) -> None:
    """Let the record of a run name a file as it now is."""
    facts = {"sha256": sha256_of_file(path), "bytes": path.stat().st_size}
    change_json(run.files.record, lambda record: record["outputs"].update({path.name: facts}))


def seal_again(results: ResultPaths) -> None:
    seal(results, AuditContext(FOLDER).plan)


def test_an_unchanged_folder_holds_and_a_second_audit_writes_the_same_but_its_time(finished, capsys):
    first = json.loads(finished.audit.read_text())
    assert medattn(["audit", str(FOLDER), "--write"]) == 0
    *checks, summary = capsys.readouterr().out.splitlines()
    assert summary.startswith("results/tampering: audited, all holds (15 of 15 checks hold, 11 runs); sealed as ")
    assert len(checks) == 2 and "seal 73 files" in checks[0] and "records 11 runs" in checks[0]
    assert checks[1] == "nothing to check: crate, snakemake"
    of_time = {"audited": "", "self_sha256": ""}
    assert {**json.loads(finished.audit.read_text()), **of_time} == {**first, **of_time}
    assert medattn(["audit", str(FOLDER), "--format", "json", "--check", "seal"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["holds"] is True
    assert value["root"] == json.loads(finished.manifest.read_text())["root"]
    assert {check["outcome"] for name, check in value["checks"].items() if name != "seal"} == {"not asked for"}


def test_each_of_forty_random_changes_is_found(finished):
    missed = [outcome for outcome in tamper(FOLDER, 40, seed=0, resealed=False) if outcome.finding is None]
    assert not missed
    assert first_finding(FOLDER) is None, "put back, the folder holds"


def test_the_last_audit_reveals_that_the_folder_was_sealed_again(finished):
    finished.measurements.write_text(finished.measurements.read_text() + "\n")
    kept = finished.audit.read_bytes()
    seal(finished, AuditContext(FOLDER).plan)
    finished.audit.write_bytes(kept)
    (finding,) = faults(["seal"])
    assert finding.place == "audit.json"
    assert "root hash" in finding.expected


def test_without_a_seal_the_audit_says_how_to_make_one(finished, capsys):
    finished.manifest.unlink()
    assert medattn(["audit", str(FOLDER), "--check", "seal"]) == 1
    assert f"medattn audit {FOLDER} --seal" in capsys.readouterr().out
    assert medattn(["audit", "results/nothing"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "no results to audit" in line
    assert medattn(["audit", str(FOLDER), "--check", "sael"]) == 2
    said = capsys.readouterr().err
    assert "did you mean 'seal'" in said and all(name in said for name in CHECKS)
    for name, option in (("replay", "--replay N"), ("anchor", "--expect-root")):
        assert medattn(["audit", str(FOLDER), "--check", name]) == 2
        assert option in capsys.readouterr().err


def better_number(results: ResultPaths) -> None:
    rows = results.measurements.read_text().splitlines()
    value = next(field for field in rows[1].split(",") if "." in field)
    results.measurements.write_text("\n".join([rows[0], rows[1].replace(value, "99.5"), *rows[2:]]) + "\n")


def another_choice(results: ResultPaths) -> None:
    path = results.tuned("tampering.phantom.net")

    def change(value: Any) -> None:
        value["cells"]["tampering.phantom.net.vanilla"]["all"]["epochs"].reverse()

    change_json(path, change)


def better_history(_: ResultPaths) -> None:
    run = a_run("gsa")
    path = run.files.history
    head, *rows = path.read_text().splitlines()
    place = head.split(",").index("correct")
    fields = rows[-1].split(",")
    fields[place] = str((int(fields[place]) + 1) % 12)
    path.write_text("\n".join([head, *rows[:-1], ",".join(fields)]) + "\n")
    name_output(run, path)


def better_scores(_: ResultPaths) -> None:
    run = a_run("gsa")
    arrays = load_file(run.files.scores)
    arrays["labels"] = 1 - arrays["labels"]
    save_file(arrays, run.files.scores)
    name_output(run, run.files.scores)


def other_images(_: ResultPaths) -> None:
    run = a_run("vanilla")
    arrays = load_file(run.files.scores)
    arrays["images"] = np.roll(arrays["images"], 1)
    save_file(arrays, run.files.scores)
    name_output(run, run.files.scores)


def other_settings(_: ResultPaths) -> None:
    def change(record: Any) -> None:
        record["configuration"]["recipe"]["learning_rate"] = 0.1
        record["configuration_sha256"] = sha256_of_value(record["configuration"])

    change_json(a_run("vanilla").files.record, change)


def other_seed(_: ResultPaths) -> None:
    change_json(a_run("vanilla").files.record, lambda record: record.update(seed=7))


def lost_run(_: ResultPaths) -> None:
    shutil.rmtree(a_run("vanilla").files.folder)


def other_library(_: ResultPaths) -> None:
    change_json(a_run("gsa").files.record, lambda record: record["environment"]["packages"].update(torch="1.0"))


def other_code(_: ResultPaths) -> None:
    change_json(a_run("gsa").files.record, lambda record: record["code"]["modules"].update({"seeding.py": "0" * 12}))


def other_pixel(_: ResultPaths) -> None:
    path = next(Path("data/prepared").glob("*/images.safetensors"))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def other_plan(results: ResultPaths) -> None:
    change_json(results.plan, lambda plan: plan["cells"]["tampering.phantom.net.gsa"].update(metrics=["auc"]))


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (better_number, "tables"),
        (another_choice, "tables"),
        (better_history, "training"),
        (better_scores, "training"),
        (other_images, "training"),
        (other_settings, "records"),
        (other_seed, "records"),
        (lost_run, "completeness"),
        (other_library, "environment"),
        (other_code, "code"),
        (other_pixel, "data"),
        (other_plan, "plan"),
    ],
)
def test_a_change_is_found_after_sealing_again(finished, change, check):
    change(finished)
    seal_again(finished)
    assert not faults(["seal"])
    found = faults([check])
    assert found, f"{check} finds nothing"
    assert all(finding.check == check and finding.expected and finding.found for finding in found)


def test_the_other_checks_run_when_one_fails(finished):
    finished.plan.write_text("{")
    checks = {finding.check for finding in faults()}
    assert {"seal", "plan", "records", "tables"} <= checks
