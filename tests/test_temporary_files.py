"""Temporary files of killed processes are removed at the next start; those of living processes are kept."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from medattn import temporary_files
from medattn.files import atomic_write, write_text
from medattn.temporary_files import SILENCE, new_temporary_file, sweep, temporary_folder

_LEAVE = """
import os, pathlib, sys
from medattn.temporary_files import new_temporary_file, temporary_folder
path = pathlib.Path(sys.argv[1])
new_temporary_file(path).write_text("half of it")
folder = temporary_folder(path)
folder.__enter__().joinpath("x").touch()
os._exit(9)
"""


@pytest.fixture(autouse=True)
def _not_swept(monkeypatch):
    monkeypatch.setattr(temporary_files, "_swept", set())


def leave_files(path: Path) -> None:
    """Let a process be killed while it writes `path`."""
    subprocess.run([sys.executable, "-c", _LEAVE, str(path)], check=False)
    assert len(list(path.parent.glob(".tmp-*"))) == 2


def test_the_next_process_that_writes_into_the_folder_removes_what_a_killed_one_left(tmp_path):
    leave_files(tmp_path / "scores.safetensors")
    write_text(tmp_path / "record.json", "{}")
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]


def test_files_of_this_and_of_other_living_processes_are_kept(tmp_path):
    path = tmp_path / "images.safetensors"
    command = [sys.executable, "-c", _LEAVE.replace("os._exit(9)", "print(flush=True); input()"), str(path)]
    mine = new_temporary_file(path)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        sweep(tmp_path)
        assert len(list(tmp_path.glob(".tmp-*"))) == 3
        other.kill()
    sweep(tmp_path)
    assert list(tmp_path.glob(".tmp-*")) == [mine]


def test_a_file_of_another_machine_is_removed_once_it_was_silent_for_long(tmp_path):
    path = tmp_path / f".tmp-00000000-{os.getpid()}-1-abcdefgh.x.csv"
    path.touch()
    sweep(tmp_path)
    assert path.exists()
    os.utime(path, (0, time.time() - SILENCE - 60))
    sweep(tmp_path)
    assert not path.exists()


@pytest.mark.parametrize(
    "name",
    [".gitignore", ".x.csv.20250101.csv", ".record.json.abcdefgh.json", ".backup.d.old_2024.d", ".tmp-notes.txt"],
)
@pytest.mark.parametrize("make", [Path.touch, Path.mkdir])
def test_old_files_and_folders_of_the_user_stay(tmp_path, name, make):
    make(tmp_path / name)
    os.utime(tmp_path / name, (0, 0))
    sweep(tmp_path)
    assert (tmp_path / name).exists()


def test_names_are_as_long_as_file_systems_allow_and_keep_their_suffix(tmp_path):
    path = tmp_path / ("x" * 240 + ".safetensors")
    atomic_write(path, lambda aside: aside.write_text("1") if aside.suffix == ".safetensors" else None)
    assert path.read_text() == "1"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_temporary_folder_is_next_to_its_target_and_disappears(tmp_path):
    with temporary_folder(tmp_path / "crate") as aside:
        assert aside.parent == tmp_path
        assert aside.name.endswith(".crate")
    assert not list(tmp_path.iterdir())
