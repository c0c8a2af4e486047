"""`medattn audit --replay`: every kind of run can be drawn and is compared, or the audit says why it could not be."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.tampering import FOLDER
from safetensors.numpy import load_file, save_file

from medattn.__main__ import main as medattn
from medattn.audit import replay as replay_module
from medattn.audit.context import AuditContext
from medattn.audit.replay import replay
from medattn.audit.replay_draw import DECIDES, OTHER, TUNES, candidates, draw
from medattn.files import sha256_of_file, write_json
from medattn.layout import RunPaths
from medattn.plan.finished_run import FinishedRun


def change_json(path: Path, change: Callable[[Any], None]) -> None:
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    write_json(path, value)


def a_run(arm: str, stage: str = "train") -> FinishedRun:
    return next(e for e in AuditContext(FOLDER).finished_runs() if e.cell.arm == arm and e.run.stage == stage)


def only(monkeypatch: pytest.MonkeyPatch, *runs: str) -> None:
    """Let every draw take these runs."""
    chosen = lambda among, *_: [candidate for candidate in among if candidate.run.id in runs]  # noqa: E731
    monkeypatch.setattr(replay_module, "draw", chosen)
    monkeypatch.setattr(replay_module, "_counted_again", lambda _: [])


def replayed(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    options = options or ("--replay", "1")
    code = medattn(["audit", str(FOLDER), "--check", "pairing", *options, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def forge_scores(files: RunPaths, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Change the scores of a run, and let its record name the changed file."""
    arrays = load_file(files.scores)
    arrays["scores"] = np.ascontiguousarray(change(arrays["scores"].copy()))
    save_file(arrays, files.scores)
    facts = {"sha256": sha256_of_file(files.scores), "bytes": files.scores.stat().st_size}
    change_json(files.record, lambda record: record["outputs"].update({"scores.safetensors": facts}))


def test_every_run_can_be_drawn_and_deciding_ones_are_drawn_more_often(finished):
    among = candidates(AuditContext(FOLDER))
    assert len(among) == 11
    assert {candidate.run.stage for candidate in among} == {"tune", "train"}
    assert any(candidate.cell.is_classifier for candidate in among)
    assert {candidate.weight for candidate in among} <= {DECIDES, TUNES, OTHER}
    drawn = Counter(candidate.run.id for seed in range(400) for candidate in draw(among, 2, seed))
    assert len(drawn) == 11
    assert draw(among, None, 0) == among
    assert [c.run.id for c in draw(among, 11, 7)] == [c.run.id for c in draw(among, 11, 7)]


def test_claims_give_their_arms_a_higher_weight(finished):
    cell = a_run("gsa").cell
    row = ["c", cell.paper, "t", "value", cell.dataset, cell.backbone, cell.arm, "", "accuracy"]
    head, *_ = finished.claims.read_text().splitlines()
    columns = head.split(",")
    values = dict(zip(columns, row, strict=False)) | {"verdict": "reproduced"}
    finished.claims.write_text(f"{head}\n{','.join(values.get(column, '') for column in columns)}\n")
    among = candidates(AuditContext(FOLDER))
    weights = {(c.cell.arm, c.run.stage): c.weight for c in among}
    assert weights[("gsa", "train")] == DECIDES and weights[("gsa", "tune")] == TUNES
    assert weights[("vanilla", "train")] == weights[("vanilla", "tune")] == OTHER
    first = Counter(draw(among, 1, seed)[0].weight for seed in range(2000))
    total = Counter(candidate.weight for candidate in among)
    share = DECIDES * total[DECIDES] / sum(weight * count for weight, count in total.items())
    assert abs(first[DECIDES] / 2000 - share) < 0.05


def test_each_draw_is_new_and_its_seed_repeats_it(finished, monkeypatch, capsys):
    monkeypatch.setattr(replay_module, "_replayed", lambda *_: [])
    monkeypatch.setattr(replay_module, "_counted_again", lambda _: [])
    seeds = {replayed(capsys)[1]["replay"]["seed"] for _ in range(5)}
    assert len(seeds) > 1
    _, value = replayed(capsys, "--replay", "3", "--seed", "5")
    assert value["replay"]["runs"] == replayed(capsys, "--replay", "3", "--seed", "5")[1]["replay"]["runs"]
    assert len(value["replay"]["runs"]) == 3
    assert len(replayed(capsys, "--replay", "all")[1]["replay"]["runs"]) == 11
    medattn(["audit", str(FOLDER), "--check", "pairing", "--replay", "2", "--seed", "9"])
    assert "replayed: 2 of 11 runs, 2 of them identical; to draw the same runs: --replay 2 --seed 9" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize("options", [["--replay", "0"], ["--replay", "few"], ["--replay", "1", "--seed", "-1"]])
def test_what_is_no_number_of_runs_or_no_seed_is_refused(finished, options):
    with pytest.raises(SystemExit) as refused:
        medattn(["audit", str(FOLDER), *options])
    assert refused.value.code == 2


def test_a_seed_without_a_replay_is_refused(finished, capsys):
    assert medattn(["audit", str(FOLDER), "--seed", "1"]) == 2
    assert "--replay" in capsys.readouterr().err


@pytest.mark.parametrize(("arm", "stage"), [("vanilla", "train"), ("gsa", "tune"), ("lr", "train")])
def test_networks_tuning_runs_and_classifiers_are_identical_bit_for_bit_and_forged_scores_are_found(
    finished, monkeypatch, capsys, arm, stage
):
    run = a_run(arm, stage)
    only(monkeypatch, run.run.id)
    code, value = replayed(capsys)
    assert (code, value["replay"]["identical"], value["findings"]) == (0, 1, [])
    forge_scores(run.files, lambda scores: scores * np.float32(0.5))
    code, value = replayed(capsys)
    assert code == 1
    assert any("scores.safetensors, bit for bit" in finding["expected"] for finding in value["findings"])


def test_a_finished_run_that_is_called_diverged_is_found(finished, monkeypatch, capsys):
    run = a_run("gsa")
    only(monkeypatch, run.run.id)
    change_json(run.files.record, lambda record: record.update(status="diverged", reason="the loss is NaN"))
    code, value = replayed(capsys)
    assert code == 1
    assert any(finding["found"] == "status: diverged" for finding in value["findings"])


def test_a_finished_run_that_is_called_skipped_is_found(finished, monkeypatch, capsys):
    run, tuned = a_run("gsa"), a_run("gsa", "tune")
    only(monkeypatch, run.run.id)

    def skip(record: Any) -> None:
        reason = f"every grid point diverged ({tuned.run.id}: the loss is no finite number after epoch 1)"
        record.update(status="skipped", reason=reason, outputs={}, epochs=0, seconds=0.0)

    change_json(run.files.record, skip)
    code, value = replayed(capsys)
    assert code == 1
    assert tuned.run.id in value["replay"]["runs"], "the run that the reason names is trained again, too"
    assert any(finding["found"] == "status: skipped" for finding in value["findings"])


def test_a_run_that_is_called_failed_although_it_trains_is_found(finished, monkeypatch, capsys):
    run = a_run("vanilla")
    only(monkeypatch, run.run.id)
    run.files.record.unlink()
    write_json(run.files.failure, {"run": run.run.id, "reason": "out of memory", "failed": "2026-01-01", "earlier": []})
    assert run.run.id in [candidate.run.id for candidate in candidates(AuditContext(FOLDER))]
    code, value = replayed(capsys)
    assert code == 1
    assert any("it trains: ok" in finding["found"] for finding in value["findings"])


def test_on_another_processor_the_first_epoch_is_compared_and_the_rest_could_not_be(finished, monkeypatch, capsys):
    run = a_run("vanilla")
    only(monkeypatch, run.run.id)
    change_json(run.files.record, lambda record: record["environment"].update(cpu="Another Processor"))
    assert replayed(capsys)[0] == 0, "the same bytes on another processor are the same bytes"
    forge_scores(run.files, lambda scores: scores + np.float32(1e-4))
    code, value = replayed(capsys)
    assert code == 3
    assert "Another Processor" in value["groups"][0]["cause"]
    assert "0.02" in value["findings"][0]["found"]
    forge_scores(run.files, lambda scores: scores + np.float32(0.1))
    code, value = replayed(capsys)
    assert code == 1
    assert "apart on average" in value["findings"][0]["found"]


def test_a_replay_without_images_code_or_plan_could_not_be_done(finished, monkeypatch, capsys):
    run = a_run("vanilla")
    only(monkeypatch, run.run.id)
    shutil.move("data", "moved")
    code, value = replayed(capsys)
    assert (code, value["replay"]["identical"]) == (3, 0)
    assert value["groups"][0]["command"].startswith("medattn fetch phantom --plan ")
    shutil.move("moved", "data")
    monkeypatch.setattr(replay_module, "code_digest", lambda *_: "0" * 64)
    code, value = replayed(capsys)
    assert code == 3
    assert "another version of medattn" in value["groups"][0]["cause"]
    change_json(finished.plan, lambda plan: plan.update(schema=1))
    findings, drawn = replay(AuditContext(FOLDER), None, 0)
    assert [finding.severity for finding in findings] == ["error"] and drawn["runs"] == [], "it was sealed otherwise"


def test_a_replay_counts_costs_again(finished, monkeypatch, capsys):
    monkeypatch.setattr(replay_module, "_replayed", lambda *_: [])
    costs = finished.complexity
    lines = costs.read_text().splitlines()
    costs.write_text("\n".join([f"{lines[0]},device", *(f"{line},cpu" for line in lines[1:])]) + "\n")
    assert replayed(capsys)[0] == 0, "columns of measured speed differ each time"
    parameters = lines[1].split(",")[lines[0].split(",").index("params")]
    costs.write_text("\n".join([lines[0], lines[1].replace(parameters, "1" + parameters), *lines[2:]]) + "\n")
    code, value = replayed(capsys)
    assert code == 1
    assert value["findings"][0]["place"] == "complexity.csv"
