"""Training on a real full disk, and on a real read-only one. Mounting needs root."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Project

CLASSIFIERS = {
    "arms": {"vanilla": None, "gsa": None, "svm": {"classifier": "svm", "grid": {"options.c": [0.1, 1.0]}}},
    "backbones": None,
    "figures": None,
}


@pytest.fixture
def disk(project: Project) -> Iterator[Path]:
    """A disk of 1 MB under the project's results."""
    folder = project.root / "results"
    folder.mkdir()
    if os.getuid() != 0:
        pytest.skip("mounting a small disk needs root")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    yield folder
    for _ in range(20):
        if subprocess.run(["umount", folder], capture_output=True).returncode == 0:
            break
        time.sleep(0.2)


def finished(project: Project) -> dict[str, int]:
    return {str(p): p.stat().st_mtime_ns for p in (project.results.folder / "runs").rglob("record.json")}


@pytest.mark.slow
def test_a_full_disk_stops_training_with_a_line_and_it_goes_on_once_there_is_room(project, disk, capsys):
    # The checkpoint of the network (8 MB with its optimizer) can't fit; the classifier's files do.
    arms = {**CLASSIFIERS["arms"], "vanilla": {}}
    project.configure({"arms": arms, "figures": None}, checkpoint=1)
    assert project.medattn("train") == 2
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("medattn: ")]
    assert len(said) == 1
    assert "checkpoint.pt: the disk is full; free some space and run the same command again" in said[0]
    kept = finished(project)
    assert len(kept) == 4
    assert not list(disk.rglob(".*.pt")), "what was written aside is removed"
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
    assert project.medattn("train") == 0
    assert kept.items() < finished(project).items()


def test_a_read_only_results_folder_is_named(project, disk, capsys):
    project.configure(CLASSIFIERS)
    plan = project.plan()
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    assert project.medattn("fetch", "--config", "config.yaml") == 0
    capsys.readouterr()
    pack = ["train", "--plan", str(project.results.plan), "--pack", next(iter(plan.packs))]
    for command in (pack, ["train"], ["plan", "--write"]):
        assert project.medattn(*command) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "the file system is read-only; choose a writable folder" in line
        assert "results/trial" in line
    assert finished(project) == {}
    assert project.medattn("plan") == 0
