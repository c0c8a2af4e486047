"""The same run packed, alone, interrupted and resumed gives the same bytes."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import Project

RECIPE = {
    "epochs": 5,
    "augmentation": {"horizontal_flip": 0.5, "crop_padding": 2, "rotation": 20, "color_jitter": {"brightness": 0.2}},
    "mixup": 0.4,
    "schedule": "cosine",
    "warmup_epochs": 2,
    "optimizer": "adamw",
    "weight_decay": 0.001,
}
PAPER = {
    "arms": {"gsa": {"options": {"cutoff_epoch": 2}, "grid": {"options.coefficient": [0.01, 1.0]}}},
    "recipe": RECIPE,
}


def start_and_kill(project: Project, pack: str, run: str, epochs: int) -> None:
    """Train a pack in a separate process and kill it once `run` has finished this number of epochs."""
    command = [sys.executable, "-m", "medattn", "train", "--plan", str(project.results.plan), "--pack", pack]
    files = project.files(run)
    sessions = files.folder / "sessions.json"
    with subprocess.Popen(command, cwd=project.root, stderr=subprocess.PIPE, text=True) as process:
        while not (sessions.exists() and json.loads(sessions.read_text())[-1]["epochs_at_end"] >= epochs):
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert files.checkpoint.exists()
    assert not files.record.exists()


COPIES = {
    "classes": ["ill"],
    "factor": 1.5,
    "changes": [{"rotations": [-10.0, 10.0], "noise": 0.05}, {"horizontal_flip": True}],
}
KINDS = {
    "best_validation_epoch": {"folds": None, "measured_epochs": None, "kind": "best_validation_epoch"},
    "fixed_epoch": {"folds": None, "measured_epochs": None, "kind": "fixed_epoch"},
    "cross_validation": {
        "measured_epochs": None,
        "kind": "cross_validation",
        "oversampling": "before_split",
        "validation_fraction": 0.5,
    },
}


@pytest.mark.heavy
@pytest.mark.parametrize("kind", list(KINDS))
def test_runs_with_copies_and_random_parts_give_the_same_bytes_in_every_protocol(project_at, tmp_path, kind):
    recipe = {**RECIPE, "oversampling": COPIES, "augmentation": {"random_resized_crop": {"scale": [0.3, 1.0]}}}
    gate = {"mechanism": "ppcr", "placement": {"after": ["features.4"]}, "grid": {"recipe.weight_decay": [0.1, 0.01]}}
    arms = {"gsa": None, "vanilla": None, "gate": gate}
    paper = {"arms": arms, "recipe": recipe, "protocol": KINDS[kind], "figures": None}
    together = project_at(tmp_path / "together")
    together.configure(paper, seeds=[0, 1])
    for command in ("train", "measure"):
        assert together.medattn(command) == 0
    alone = project_at(tmp_path / "alone")
    alone.configure(paper, pack=1, pack_across_cells=False, seeds=[0, 1], checkpoint=1)
    plan = alone.plan()
    killed = next(run.id for run in reversed(plan.runs.values()) if run.stage == "tune")
    pack_of = {run: pack.id for pack in plan.packs.values() for run in pack.runs}
    assert alone.medattn("fetch", "--config", "config.yaml") == 0
    start_and_kill(alone, pack_of[killed], killed, epochs=2)
    for command in ("train", "measure"):
        assert alone.medattn(command) == 0
    assert len(alone.record(killed)["sessions"]) == 2
    assert alone.outputs() == together.outputs()
    assert any(name.endswith("attention.safetensors") for name in alone.outputs())
    assert alone.results.measurements.read_bytes() == together.results.measurements.read_bytes()


@pytest.mark.heavy
def test_packed_alone_and_killed_runs_give_the_same_bytes(project_at, tmp_path):
    together = project_at(tmp_path / "together")
    together.configure(PAPER)
    assert together.medattn("train") == 0
    expected = together.outputs()
    assert len(expected) == 5 * 3 + 3 * 2  # gsa: two folds, two grid points, one measured; vanilla has no maps
    alone = project_at(tmp_path / "alone")
    # One job a run, the other way round, and no pack shared by cells.
    alone.configure(PAPER, pack=1, pack_across_cells=False, checkpoint=1)
    plan = alone.plan()
    killed = next(run.id for run in plan.runs.values() if run.stage == "tune" and "gsa" in run.cell)
    pack_of = {run: pack.id for pack in plan.packs.values() for run in pack.runs}
    assert alone.medattn("fetch", "--config", "config.yaml") == 0
    start_and_kill(alone, pack_of[killed], killed, epochs=1)  # the pixel CNN still learns
    start_and_kill(alone, pack_of[killed], killed, epochs=3)  # it is frozen
    for stage in ("tune", "train"):
        for pack in reversed([pack for pack in plan.packs.values() if pack.stage == stage]):
            assert alone.medattn("train", "--plan", str(alone.results.plan), "--pack", pack.id) == 0
        if stage == "tune":
            assert alone.medattn("tune") == 0

    assert alone.outputs() == expected
    sessions = alone.record(killed)["sessions"]
    assert len(sessions) == 3
    assert sessions[0]["epochs_at_end"] < 3 <= sessions[1]["epochs_at_end"] < 5
    leftovers = {path.name for path in alone.files(killed).folder.iterdir()}
    assert leftovers == {"history.csv", "scores.safetensors", "maps.safetensors", "record.json"}
    choices = (project.results.tuned("tiny.phantom.net").read_bytes() for project in (alone, together))
    assert next(choices) == next(choices)


def test_a_damaged_checkpoint_is_named_and_the_run_starts_again(project, capsys):
    project.configure({"arms": {"gsa": None}, "figures": None})
    assert project.medattn("train") == 0
    expected = project.outputs()
    plan = project.plan()
    run = next(run.id for run in plan.runs.values() if run.stage == "train")
    pack = next(pack for pack in plan.packs.values() if run in pack.runs)
    project.files(run).record.unlink()
    project.files(run).checkpoint.write_bytes(b"PK\x03\x04 cut off")
    capsys.readouterr()
    assert project.medattn("train", "--plan", str(project.results.plan), "--pack", pack.id) == 0
    lines = capsys.readouterr().err.splitlines()
    assert "checkpoint.pt: damaged checkpoint" in lines[0]
    assert "the run starts again" in lines[0]
    assert project.outputs() == expected
