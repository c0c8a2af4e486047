"""Checkpoints are written as often as configured, and never change what a run computes, wherever it is killed."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from medattn.errors import UserError
from medattn.training import checkpoint as checkpoints
from medattn.training import run as runs
from medattn.training.checkpoint import CheckpointWriter, read_checkpoint, write_checkpoint
from medattn.training.history import EpochRow
from medattn.training.loop import TrainingState
from medattn.training.score_log import DamagedScoresError, ScoreLog
from medattn.training.step import Step
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


@pytest.mark.parametrize(("every", "epochs"), [(1, [1, 2, 3]), (2, [2]), (3, [3]), (10, [])])
def test_a_checkpoint_follows_each_number_of_epochs_but_not_the_last_epoch(project, kept, every, epochs):
    project.configure({**EPOCHS, **FIXED}, checkpoint=every)
    assert project.medattn("train") == 0
    assert kept == epochs
    (run,) = project.plan().runs
    assert {path.name for path in project.files(run).folder.iterdir()}.isdisjoint({"checkpoint.pt", "scores.partial"})


class Clock:
    """Clock that stands still unless it is moved; a write of a checkpoint takes some seconds."""

    def __init__(self, monkeypatch, writing: list[float]) -> None:
        self.now, self.writing = 0.0, writing
        monkeypatch.setattr(checkpoints, "write_checkpoint", self.write)

    def write(self, path, state) -> None:
        self.now += self.writing.pop(0)

    def __call__(self) -> float:
        return self.now


def state_of(epochs: int, size: int) -> TrainingState:
    rows = [EpochRow(epoch, 0.1, 0.5, 0.0, 1, 2, 1, 2) for epoch in range(1, epochs + 1)]
    return TrainingState(history=rows, network={"w": torch.zeros(size // 4)}, optimizer={"state": [torch.zeros(0)]})


@pytest.mark.parametrize("epoch_seconds", [0.3, 1.0, 7.0, 500.0])
@pytest.mark.parametrize("write_seconds", [[2.0] * 1000, [0.1, 9.0] * 500])
def test_automatic_checkpoints_cost_at_most_4_percent_of_the_training(
    tmp_path, monkeypatch, epoch_seconds, write_seconds
):
    clock, lost, written = Clock(monkeypatch, [*write_seconds]), 0.0, 0.0
    writer = CheckpointWriter(tmp_path / "c", "auto", lambda: None, clock)
    size, trained, last = 200_000_000, 0.0, 0.0
    for epoch in range(1, 400):
        clock.now += epoch_seconds
        trained += epoch_seconds
        before = clock.now
        writer.write_if_due(state_of(epoch, size if epoch == 1 else 4))
        if clock.now > before:
            written += clock.now - before
            lost, last = max(lost, trained - last), trained
    slowest = max(2.0, *write_seconds[:2])  # the first write is assumed to take two seconds
    assert written <= (trained + 25 * slowest) / 25
    assert lost <= 25 * slowest + epoch_seconds


def test_a_stopped_run_writes_a_checkpoint_however_recent_the_last_one(project, kept, monkeypatch):
    project.configure({**EPOCHS, **FIXED}, checkpoint=1000)
    asked = Stop.between_epochs

    def ask_after_three(stop):
        if len(calls := [*seen, None]) == 3:
            stop.ask("SIGUSR1")
        seen[:] = calls
        asked(stop)

    seen: list[None] = []
    monkeypatch.setattr(Stop, "between_epochs", ask_after_three)
    assert project.medattn("train") == 75
    assert kept == [3]
    (run,) = project.plan().runs
    assert len(read_checkpoint(project.files(run).checkpoint, "cpu").history) == 3
    monkeypatch.setattr(Stop, "between_epochs", asked)
    assert project.medattn("train") == 0
    assert project.record(run)["epochs"] == 4


def test_a_checkpoint_is_hashed_while_it_is_written(tmp_path):
    path, state = tmp_path / "checkpoint.pt", state_of(3, 4000)
    state.network["w"].uniform_()
    write_checkpoint(path, state)
    found = read_checkpoint(path, torch.device("cpu"))
    assert found.history == state.history and torch.equal(found.network["w"], state.network["w"])
    content = bytearray(path.read_bytes())
    for place in (0, 31, 32, len(content) // 2, len(content) - 1):
        content[place] ^= 1
        path.write_bytes(content)
        assert read_checkpoint(path, torch.device("cpu")).history == []
        content[place] ^= 1
    path.write_bytes(content[:-1])
    assert read_checkpoint(path, torch.device("cpu")).history == []


def test_a_full_disk_is_one_line_and_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.pt"
    write_checkpoint(path, state_of(1, 4000))
    before = path.read_bytes()

    def full(stream, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints._HashingStream, "write", lambda self, data: refuse(self))

    def refuse(stream):
        stream.error = OSError(28, "No space left on device")
        raise stream.error

    with pytest.raises(UserError, match=r"checkpoint\.pt: the disk is full"):
        write_checkpoint(path, state_of(2, 4000))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def scores_at(epoch: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(epoch).random((5, 3), dtype=np.float32))


@pytest.fixture
def log_of(tmp_path) -> Callable[[int], ScoreLog]:
    def make(epochs: int, name: str = "scores.partial") -> ScoreLog:
        log = ScoreLog(tmp_path / name, 5, 3)
        for epoch in range(epochs):
            log.append(scores_at(epoch))
        return log

    return make


def test_scores_are_read_back_from_the_file(log_of):
    log = log_of(4)
    assert len(log) == 4 and log.array().shape == (4, 5, 3)
    assert all(torch.equal(scores, scores_at(epoch)) for epoch, scores in enumerate(log[0:]))
    assert torch.equal(log[2:3][0], scores_at(2))
    assert log_of(0, "empty").array().shape == (0, 5, 3)


@pytest.mark.parametrize("torn", [0, 1, 55, 60, 115, 116, 117])
@pytest.mark.parametrize("epochs", [0, 1, 3])
def test_epochs_after_the_checkpoint_and_torn_ends_are_cut(log_of, tmp_path, epochs, torn):
    log_of(3)
    path = tmp_path / "scores.partial"
    path.write_bytes(path.read_bytes() + bytes(range(torn)))
    log = ScoreLog(path, 5, 3, epochs)
    log.append(scores_at(epochs))
    assert len(log) == epochs + 1
    assert all(torch.equal(scores, scores_at(epoch)) for epoch, scores in enumerate(log[0:]))
    assert [path.name for path in tmp_path.iterdir()] == ["scores.partial"]


def test_a_process_that_lost_the_run_does_not_change_the_scores_of_the_next(log_of, tmp_path):
    lost = ScoreLog(tmp_path / "scores.partial", 5, 3)
    lost.append(scores_at(0))
    current = ScoreLog(tmp_path / "scores.partial", 5, 3, 1)
    lost.append(scores_at(7))
    current.append(scores_at(1))
    lost.append(scores_at(8))
    assert all(torch.equal(scores, scores_at(epoch)) for epoch, scores in enumerate(current[0:]))


@pytest.mark.parametrize("place", [3, 8, 12, 16, 30, 70, 116 + 3, 116 + 70])
def test_damaged_scores_of_a_finished_epoch_are_noticed(log_of, tmp_path, place):
    log_of(2)
    path = tmp_path / "scores.partial"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedScoresError, match=f"epoch {1 + place // 116} is damaged"):
        ScoreLog(path, 5, 3, 2)
    path.unlink()
    with pytest.raises(DamagedScoresError, match="no such file"):
        ScoreLog(path, 5, 3, 2)


class KilledError(BaseException):
    """End of a process, which nothing handles."""


@pytest.fixture
def kill(monkeypatch) -> Callable[[int], None]:
    """Return a function that lets a run end after a number of events: steps, writes of scores and checkpoints."""
    left = [0]

    def counted(function):
        def call(*arguments, **keywords):
            left[0] -= 1
            if left[0] == 0:
                raise KilledError
            return function(*arguments, **keywords)

        return call

    monkeypatch.setattr(Step, "__call__", counted(Step.__call__))
    monkeypatch.setattr(ScoreLog, "append", counted(ScoreLog.append))
    monkeypatch.setattr(ScoreLog, "flush", counted(ScoreLog.flush))
    monkeypatch.setattr(checkpoints, "_write", counted(checkpoints._write))
    monkeypatch.setattr(runs, "write_history", counted(runs.write_history))
    monkeypatch.setattr(runs, "write_record", counted(runs.write_record))

    def after(events: int) -> None:
        left[0] = events

    return after


@pytest.mark.parametrize("every", [1, 2, "auto"])
def test_a_run_that_is_killed_anywhere_gives_the_same_bytes(project, kill, every, capsys):
    paper = {
        **EPOCHS,
        **FIXED,
        "recipe": {"epochs": 5, "batch_size": 10},
        "arms": {"vanilla": None, "gsa": {"options": {"cutoff_epoch": 2}}},
    }
    project.configure(paper, checkpoint=every)
    assert project.medattn("train") == 0
    expected, (run,) = project.outputs(), project.plan().runs
    files, chance = project.files(run), random.Random(str(every))
    for path in (files.record, files.scores, files.history):
        path.unlink()
    pack = next(iter(project.plan().packs))
    train = ("train", "--plan", str(project.results.plan), "--pack", pack)
    for _ in range(8):
        kill(chance.randint(1, 25))
        with pytest.raises(KilledError):
            project.medattn(*train)
            raise KilledError  # the run ended first
        if files.record.exists():
            break
        torn_ends(files, chance)
    kill(-1)
    assert project.medattn(*train) == 0
    assert project.outputs() == expected
    assert "damaged" not in capsys.readouterr().err
    kept = {"record.json", "history.csv", "scores.safetensors", "maps.safetensors"}
    assert {path.name for path in files.folder.iterdir()} == kept


def torn_ends(files, chance: random.Random) -> None:
    """Leave what a process leaves that ends while it writes: parts of files beside the whole ones."""
    part: Path = files.folder / f".checkpoint.pt.{chance.random()}"
    part.write_bytes(chance.randbytes(100))
    if files.partial_scores.exists() and chance.random() < 0.5:
        with files.partial_scores.open("ab") as stream:
            stream.write(chance.randbytes(chance.randint(1, 300)))


def test_scores_that_do_not_fit_the_checkpoint_start_the_run_again(project, monkeypatch, capsys):
    project.configure({**EPOCHS, **FIXED}, checkpoint=2)
    monkeypatch.setattr(Stop, "between_epochs", lambda stop: stop_after(3))
    epochs: list[None] = []

    def stop_after(count):
        epochs.append(None)
        if len(epochs) == count:
            raise KilledError

    with pytest.raises(KilledError):
        project.medattn("train")
    (run,) = project.plan().runs
    files = project.files(run)
    assert files.checkpoint.exists()
    files.partial_scores.write_bytes(files.partial_scores.read_bytes()[:100])
    assert (
        project.medattn("train", "--plan", str(project.results.plan), "--pack", next(iter(project.plan().packs))) == 0
    )
    assert "scores.partial: damaged scores (epoch 1 is damaged); the run starts again" in capsys.readouterr().err
    assert len(project.record(run)["sessions"]) == 2
