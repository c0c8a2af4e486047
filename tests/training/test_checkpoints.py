"""Checkpoints are written as often as configured, and do not change what a run computes."""

import pytest

from medattn.training import checkpoint as checkpoints
from medattn.training.checkpoint import read_checkpoint
from medattn.training.stop import Stop

EPOCHS = {"recipe": {"epochs": 4}, "arms": {"gsa": None}, "protocol": {"measured_epochs": 2}, "figures": None}
FIXED = {"protocol": {"kind": "fixed_epoch", "folds": None, "measured_epochs": None}}


@pytest.fixture
def kept(monkeypatch) -> list[int]:
    """The epochs after which a checkpoint was written."""
    epochs: list[int] = []
    write = checkpoints.write_checkpoint

    def note(path, state):
        epochs.append(len(state.history))
        write(path, state)

    monkeypatch.setattr(checkpoints, "write_checkpoint", note)
    return epochs


@pytest.mark.parametrize(("seconds", "epochs"), [(0, [1, 2, 3]), (3600, [1])])
def test_a_checkpoint_follows_every_epoch_but_the_last_or_the_configured_seconds(project, kept, seconds, epochs):
    project.configure({**EPOCHS, **FIXED}, checkpoint_seconds=seconds)
    assert project.medattn("train") == 0
    assert kept == epochs


def test_a_stopped_run_writes_a_checkpoint_however_recent_the_last_one(project, kept, monkeypatch):
    project.configure({**EPOCHS, **FIXED}, checkpoint_seconds=3600)
    asked = Stop.between_epochs

    def ask_after_three(stop):
        if len(calls := [*seen, None]) == 3:
            stop.ask("SIGUSR1")
        seen[:] = calls
        asked(stop)

    seen: list[None] = []
    monkeypatch.setattr(Stop, "between_epochs", ask_after_three)
    assert project.medattn("train") == 75
    assert kept == [1, 3]
    (run,) = project.plan().runs
    assert len(read_checkpoint(project.files(run).checkpoint, "cpu").history) == 3
    monkeypatch.setattr(Stop, "between_epochs", asked)
    assert project.medattn("train") == 0
    assert project.record(run)["epochs"] == 4
