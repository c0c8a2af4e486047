"""A heartbeat touches its file until it is stopped, through errors of the file system, and never creates it again."""

import os
import time

import pytest

from medattn.training import heartbeat
from medattn.training.heartbeat import Heartbeat


@pytest.fixture
def beating(tmp_path, monkeypatch):
    monkeypatch.setattr(heartbeat, "INTERVAL", 0.01)
    path = tmp_path / "lease-1"
    path.write_text("held")
    beat = Heartbeat(path, "test")
    yield beat, path
    beat.stop()


def touched_again(path) -> bool:
    os.utime(path, (0, 0))
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if path.stat().st_mtime > 0:
            return True
        time.sleep(0.005)
    return False


def test_a_file_is_touched_until_the_heartbeat_stops(beating):
    beat, path = beating
    assert touched_again(path)
    beat.stop()
    os.utime(path, (0, 0))
    time.sleep(0.05)
    assert path.stat().st_mtime == 0
    assert path.read_text() == "held"


def test_a_file_system_that_fails_for_a_moment_does_not_end_the_heartbeat(beating, monkeypatch):
    _, path = beating
    touch, failures = os.utime, []

    def fail_twice(*arguments):
        if len(failures) < 2 and len(arguments) == 1:
            failures.append(arguments)
            raise OSError("stale file handle")
        touch(*arguments)

    monkeypatch.setattr(os, "utime", fail_twice)
    assert touched_again(path)
    assert len(failures) == 2


def test_a_file_that_another_process_removed_stays_removed(beating):
    beat, path = beating
    path.unlink()
    beat._thread.join(5)
    assert not beat._thread.is_alive()
    assert not path.exists()
