"""A process that is suspended at any of its writes, while another one finishes the run, changes nothing of it."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from medattn.files import read_json, write_json, write_text
from medattn.layout import RunPaths
from medattn.training import classifier, fence, lease, pack
from medattn.training.fence import fenced
from medattn.training.lease import Lease, LeaseLostError, hold_lease
from tests.conftest import Project

NETWORK = {"model": "timm/test_resnet", "input_size": 12}
ARMS = {
    "vanilla": None,
    "gsa": {"mechanism": "gsa", "options": {"channels": 4, "cutoff_epoch": 1}},
    "mask": {"mechanism": "ca"},
    "svm": {"classifier": "svm"},
}
PAPER = {
    "backbones": {"net": NETWORK},
    "arms": ARMS,
    "protocol": {"kind": "fixed_epoch", "folds": None, "measured_epochs": None},
    "figures": None,
}
FINAL = {
    "gsa": ["history.csv", "scores.safetensors", "maps.safetensors", "record.json"],
    "mask": ["history.csv", "scores.safetensors", "attention.safetensors", "record.json"],
    "svm": ["history.csv", "scores.safetensors", "record.json"],
}
WORKING = [("mask", name) for name in ("sessions.json", "checkpoint.pt", "attention-so-far.safetensors")]
POINTS = [(arm, name) for arm, names in FINAL.items() for name in names]


def contents(files: RunPaths) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in files.folder.iterdir()}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project whose runs are finished."""
    before, root = Path.cwd(), tmp_path_factory.mktemp("fence") / "project"
    root.mkdir()
    os.chdir(root)
    try:
        project = Project(root)
        project.configure(PAPER, checkpoint=1)
        assert project.medattn("train") == 0
    finally:
        os.chdir(before)
    yield root


@pytest.fixture
def unfinished(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[RunPaths, Path]]:
    """Returns the files of an arm's run, which is to be trained again, and its folder as another process leaves it."""
    root = shutil.copytree(finished, tmp_path / "project")
    monkeypatch.chdir(root)
    project = Project(root)

    def make(arm: str) -> tuple[RunPaths, Path]:
        (files,) = [project.files(run) for run in project.plan().runs if f".{arm}/" in run]
        other = tmp_path / "other"
        shutil.move(files.folder, other)
        # The other process has finished earlier epochs elsewhere: its numbers can be told from ours.
        record = json.loads((other / "record.json").read_text())
        write_json(other / "record.json", {**record, "seconds": 12345.0})
        return files, other

    return make


def others_finish(files: RunPaths, other: Path) -> None:
    """Do what another process does that takes over a run, finishes it and ends."""
    for path in files.folder.glob("*"):
        path.unlink()
    shutil.copytree(other, files.folder, dirs_exist_ok=True)


@pytest.mark.parametrize(("arm", "name"), POINTS + WORKING)
def test_a_process_that_was_suspended_before_a_write_writes_nothing(unfinished, monkeypatch, arm, name):
    files, other = unfinished(arm)
    check, stalled = Lease.check, []

    def suspended(self: Lease) -> None:
        if not stalled and any(path.match(f".tmp-*.{name}") for path in files.folder.iterdir()):
            stalled.append(name)
            others_finish(files, other)
            (files.folder / "lease-2").write_text("{}")
        check(self)

    monkeypatch.setattr(Lease, "check", suspended)
    files.folder.mkdir()
    monkeypatch.setattr(lease, "EXPIRY", 0.1)
    assert Project(Path.cwd()).medattn("train") == 0
    assert stalled
    assert contents(files) == {path.name: path.read_bytes() for path in other.iterdir()}


@pytest.mark.parametrize(("arm", "name"), POINTS)
def test_a_process_that_was_suspended_after_its_last_check_replaces_nothing(unfinished, monkeypatch, arm, name):
    files, other = unfinished(arm)
    linked, stalled = fence._linked, []

    def suspended(temporary: Path, path: Path) -> bool:
        if path.name == name and not stalled:
            stalled.append(name)
            content = temporary.read_bytes()
            others_finish(files, other)
            temporary.write_bytes(content)
        return linked(temporary, path)

    monkeypatch.setattr(fence, "_linked", suspended)
    assert Project(Path.cwd()).medattn("train") == 0
    assert stalled
    assert contents(files) == {path.name: path.read_bytes() for path in other.iterdir()}


def test_a_failure_of_a_process_that_was_suspended_is_not_noted(unfinished, monkeypatch):
    files, other = unfinished("svm")

    def fails(*_: object) -> None:
        others_finish(files, other)
        raise RuntimeError("the memory of the device is gone")

    monkeypatch.setattr(classifier, "_fitted_scores", fails)
    assert Project(Path.cwd()).medattn("train") == 0
    assert not files.failure.exists()
    assert contents(files) == {path.name: path.read_bytes() for path in other.iterdir()}


@pytest.fixture
def files(tmp_path: Path) -> RunPaths:
    return RunPaths(tmp_path / "run")


def record_of(**outputs: str) -> dict[str, object]:
    named = {f"{name}.csv": {"sha256": hashlib.sha256(text.encode()).hexdigest()} for name, text in outputs.items()}
    return {"status": "ok", "epochs": 1, "seconds": 1.0, "outputs": named}


def test_what_an_earlier_attempt_left_is_replaced(files):
    with hold_lease(files) as held, fenced(files, held):
        files.history.write_text("of a process that died")
        write_text(files.history, "ours")
        write_json(files.record, record_of(history="ours"))
    assert files.history.read_text() == "ours"
    assert sorted(path.name for path in files.folder.iterdir()) == ["history.csv", "record.json"]


def test_a_record_whose_files_are_gone_is_replaced_and_a_complete_one_stays(files):
    with hold_lease(files) as held, fenced(files, held):
        write_text(files.history, "ours")
        files.record.write_text(json.dumps(record_of(history="theirs")))
        write_json(files.record, record_of(history="ours"))
        with pytest.raises(LeaseLostError, match="another process has finished this run"):
            write_json(files.record, {**record_of(history="ours"), "seconds": 2.0})
        with pytest.raises(LeaseLostError, match="another process has finished this run"):
            write_text(files.checkpoint, "late")
    assert read_json(files.record) == record_of(history="ours")


def test_file_systems_without_hard_links_are_served(files, monkeypatch):
    def unsupported(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", unsupported)
    with hold_lease(files) as held, fenced(files, held):
        write_text(files.history, "ours")
        write_json(files.record, record_of(history="ours"))
        with pytest.raises(LeaseLostError):
            write_json(files.record, {**record_of(history="ours"), "seconds": 2.0})
    assert files.history.read_text() == "ours"


def test_a_pack_lists_the_records_that_are_there_when_its_file_appears(unfinished, monkeypatch):
    files, other = unfinished("svm")
    shutil.copytree(other, files.folder)
    write, changed = pack.write_json, []

    def suspended(path: Path, value: object, confirm: Callable[[], None]) -> None:
        if not changed:
            changed.append(path)
            record = json.loads(files.record.read_text())
            write_json(files.record, {**record, "seconds": 7.0})
        write(path, value, confirm)

    monkeypatch.setattr(pack, "write_json", suspended)
    assert Project(Path.cwd()).medattn("train") == 0
    listed = {run: facts for path in Path("results/trial/packs").glob("*.json") for run, facts in
              read_json(path)["runs"].items()}  # fmt: skip
    assert [facts["seconds"] for run, facts in listed.items() if ".svm/" in run] == [7.0]
    assert changed
