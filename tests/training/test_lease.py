import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import time

import pytest

from medattn.layout import RunPaths
from medattn.log import configure_logging
from medattn.training import heartbeat, lease
from medattn.training.lease import LeaseLostError, hold_lease

HOLD = """
import argparse, sys
from pathlib import Path
from medattn.layout import RunPaths
from medattn.log import configure_logging, logged_run
from medattn.training.lease import hold_lease
configure_logging("train", argparse.Namespace(verbose=False, quiet=False))
with logged_run("theirs"), hold_lease(RunPaths(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.readline()
    RunPaths(Path(sys.argv[1])).record.touch()
"""
ELSEWHERE = {"host": "n17", "boot": "b", "processes": "p", "pid": 7, "started": "1", "slurm_job_id": "12"}


@pytest.fixture
def files(tmp_path) -> RunPaths:
    files = RunPaths(tmp_path / "run")
    files.folder.mkdir()
    return files


@pytest.fixture
def hasty(monkeypatch):
    """Leases that expire after 0.4 s."""
    monkeypatch.setattr(heartbeat, "INTERVAL", 0.02)
    monkeypatch.setattr(lease, "EXPIRY", 0.4)
    monkeypatch.setattr(lease, "_POLL", 0.01)


@pytest.mark.parametrize("ending", ["killed", "finished"])
def test_a_process_waits_for_the_lease_until_its_holder_ends_or_is_killed(files, capfd, ending):
    configure_logging("train", argparse.Namespace(verbose=False, quiet=False))
    command = [sys.executable, "-c", HOLD, str(files.folder)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as first:
        assert first.stdout.readline() == "held\n"
        with subprocess.Popen(command, stderr=subprocess.PIPE, **pipes) as second:
            assert second.stderr.readline().endswith(
                " INFO train theirs: another process trains this run; waiting for it\n"
            )
            if ending == "killed":
                first.kill()
                first.wait()
                assert "killed, most often because memory ran out" in second.stderr.readline()
            else:
                first.communicate("go\n")
            assert second.stdout.readline() == "held\n"
            second.kill()
    with hold_lease(files):
        files.record.touch()
    said = capfd.readouterr().err
    assert f"process {second.pid}); taking over its run" in said
    assert [path.name for path in files.folder.iterdir()] == ["record.json"]


def test_an_exception_releases_the_lease(files, capsys):
    configure_logging("train", argparse.Namespace(verbose=False, quiet=False))
    with pytest.raises(RuntimeError), hold_lease(files):
        raise RuntimeError
    with hold_lease(files):
        pass
    assert capsys.readouterr().err == ""


def test_the_lease_of_a_dead_machine_expires(files, hasty, capsys):
    configure_logging("train", argparse.Namespace(verbose=False, quiet=False))
    files.lease(3).write_text(json.dumps(ELSEWHERE))
    with hold_lease(files) as mine:
        assert mine.path == files.lease(4)
    said = capsys.readouterr().err.splitlines()
    assert said[0].endswith(" INFO train another process trains this run; waiting for it")
    assert (
        " WARNING train " in said[1]
        and "was silent for" in said[1]
        and "(host n17, process 7, Slurm job 12)" in said[1]
    )


@pytest.mark.parametrize("content", ["", "[]", "{", "\x00", '{"pid": "x"}'])
def test_a_file_that_is_no_lease_expires_too(files, hasty, content):
    files.lease(1).write_text(content)
    with hold_lease(files) as mine:
        assert mine.path == files.lease(2)


def test_a_lease_that_is_touched_does_not_expire_with_wrong_clocks(files, hasty):
    files.lease(1).write_text(json.dumps(ELSEWHERE))
    watch, beats = lease._Watch(), 0
    until = time.monotonic() + 3 * lease.EXPIRY
    while time.monotonic() < until:
        beats += 1
        os.utime(files.lease(1), (beats, beats))  # decades ago
        assert watch.gone(files.lease(1)) is None
        time.sleep(0.01)


def test_the_holder_touches_its_lease(files, hasty):
    with hold_lease(files) as mine:
        os.utime(mine.path, (1, 1))
        deadline = time.monotonic() + 30
        while mine.path.stat().st_mtime == 1:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_a_holder_that_was_silent_for_too_long_notices_before_it_writes(files):
    with (
        pytest.raises(LeaseLostError, match="another process has taken over this run"),
        hold_lease(files) as mine,
    ):
        mine.check()
        files.lease(2).touch()
        mine.check()
    assert [path.name for path in files.folder.iterdir()] == ["lease-2"], "the other's lease stays"


def _count(folder, rounds):
    files = RunPaths(folder)
    for _ in range(rounds):
        with hold_lease(files):
            counter = files.folder / "counter"
            value = int(counter.read_text())
            time.sleep(0.001)
            counter.write_text(str(value + 1))


def test_one_of_many_processes_holds_the_lease(files, hasty, monkeypatch):
    monkeypatch.setattr(lease, "EXPIRY", 600.0)
    (files.folder / "counter").write_text("0")
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_count, args=(files.folder, 20)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (files.folder / "counter").read_text() == "80"
