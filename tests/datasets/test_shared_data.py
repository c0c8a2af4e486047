"""Prepared images belong to all selections: nothing deletes a whole folder, and two processes make one."""

import json
import multiprocessing
import os
import shutil
import socket
import time
from pathlib import Path

import pytest

from medattn.datasets import shared_folder
from medattn.datasets.prepare import fetch, prepare
from medattn.datasets.shared_folder import exclusive, made_aside, publish
from medattn.datasets.store import MANIFEST, read_store
from medattn.errors import UserError
from medattn.plan.availability import original_path, prepared_path

from .conftest import medmnist_entry
from .test_store import flip, truncate


def state(folder: Path):
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.iterdir()}


@pytest.fixture
def entry(medmnist_file):
    return medmnist_entry(medmnist_file())


def test_a_whole_set_stays_as_it_is_with_and_without_its_original(tmp_path, entry):
    folder = prepare("tiny", entry, tmp_path)
    before = state(folder)
    assert fetch("tiny", entry, tmp_path) == folder
    original_path("tiny", entry, tmp_path).unlink()
    assert fetch("tiny", entry, tmp_path) == folder
    assert state(folder) == before


@pytest.mark.parametrize("damage", [flip, truncate, lambda folder: (folder / MANIFEST).unlink()])
def test_a_damaged_set_is_replaced_if_the_original_is_there_and_refused_if_not(tmp_path, entry, damage):
    folder = prepare("tiny", entry, tmp_path)
    damage(folder)
    original = original_path("tiny", entry, tmp_path)
    away = original.rename(tmp_path / "away.npz")
    damaged = state(folder)
    with pytest.raises(UserError, match=r"tiny: .*; the original, .*tinymnist.npz, is not there"):
        prepare("tiny", entry, tmp_path)
    assert state(folder) == damaged
    away.rename(original)
    assert fetch("tiny", entry, tmp_path) == folder
    read_store(folder)


def test_a_damaged_set_stays_if_the_original_is_damaged_too(tmp_path, entry):
    folder = prepare("tiny", entry, tmp_path)
    flip(folder)
    damaged = state(folder)
    original_path("tiny", entry, tmp_path).write_bytes(b"x")
    with pytest.raises(UserError):
        prepare("tiny", entry, tmp_path)
    assert state(folder) == damaged
    assert not list(folder.parent.glob(".*making*"))


def _prepare(entry, data, start):
    start.wait()
    prepare("tiny", entry, data)


@pytest.mark.parametrize("locks", [True, False])
def test_processes_that_prepare_at_once_end_with_one_whole_set(tmp_path, entry, locks, monkeypatch):
    if not locks:  # as on file systems that have none
        monkeypatch.setattr(shared_folder.fcntl, "flock", _no_locks)
    context = multiprocessing.get_context("fork")
    start = context.Event()
    processes = [context.Process(target=_prepare, args=(entry, tmp_path, start)) for _ in range(3)]
    for process in processes:
        process.start()
    start.set()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    (folder,) = (path for path in (tmp_path / "prepared").iterdir() if path.name.startswith("tiny-"))
    read_store(folder)
    assert not list(folder.parent.glob(".*making*"))


def _no_locks(*_):
    raise OSError(95, "Operation not supported")


@pytest.mark.parametrize(
    "make",
    [os.mkfifo, lambda path: path.mkdir(), lambda path: path.symlink_to("/dev/zero")],
    ids=["pipe", "folder", "link"],
)
def test_what_has_the_name_of_a_lock_and_is_none_is_refused_without_waiting(tmp_path, entry, make):
    folder = prepared_path("tiny", entry, tmp_path)
    folder.parent.mkdir()
    make(folder.parent / f".{folder.name}.lock")
    with pytest.raises(UserError, match=r"\.lock: not a file, but it has the name of a lock; remove it"):
        prepare("tiny", entry, tmp_path)
    assert [path.name for path in folder.parent.iterdir()] == [f".{folder.name}.lock"]


def test_of_two_folders_made_aside_the_first_is_kept(tmp_path):
    target = tmp_path / "target"
    with made_aside(target, locked=True) as first:
        (first / "x").write_text("first")
        second = tmp_path / ".second"
        second.mkdir()
        (second / "x").write_text("second")
        assert publish(first, target)
        assert not publish(second, target)
    assert (target / "x").read_text() == "first"


def test_what_killed_processes_left_is_deleted_but_not_the_work_of_others(tmp_path):
    target = tmp_path / "target"
    mine = tmp_path / f".target.making.{socket.gethostname()}.abc"
    others, old, foreign = (
        tmp_path / name for name in (".target.making.node7.x", ".target.making.node8.x", ".other.x")
    )
    for folder in (mine, others, old, foreign):
        folder.mkdir()
    os.utime(old, (time.time() - 30 * 24 * 3600,) * 2)
    with exclusive(target) as locked, made_aside(target, locked):
        pass
    assert [folder.exists() for folder in (mine, others, old, foreign)] == [False, True, False, True]


def test_a_selection_notes_which_images_it_uses(project, capsys):
    project.configure()
    assert project.medattn("plan", "--write") == 0
    graph = json.loads(project.results.graph.read_text())
    folder, name = next(iter(graph["datasets"].items()))
    output = project.results.dataset(folder)
    for _ in range(2):
        assert project.medattn("fetch", name, "--plan", str(project.results.plan), "--output", str(output)) == 0
        noted = json.loads(output.read_text())
        assert (noted["dataset"], noted["folder"]) == (name, folder)
        manifest = json.loads((project.root / "data" / "prepared" / folder / MANIFEST).read_text())
        assert noted["files"] == manifest["files"]
    assert project.medattn("fetch", "--plan", str(project.results.plan), "--output", str(output)) == 2


def test_lost_prepared_images_are_prepared_again_where_open_runs_need_them(project):
    project.configure({"arms": {"vanilla": None, "gsa": None, "svm": {"classifier": "svm"}}, "figures": None})
    plan = project.plan()
    (pack,) = (pack.id for pack in plan.packs.values() if pack.stage == "train")
    for _ in range(2):
        assert project.medattn("train", "--plan", str(project.results.plan), "--pack", pack) == 0
        prepared = {cell.prepared for cell in plan.cells.values()}
        assert len(list(project.results.folder.glob("runs/*/*/record.json"))) == 1
        shutil.rmtree(project.root / "data", ignore_errors=True)
    assert not any(Path(folder).exists() for folder in prepared), "finished runs need no images"
