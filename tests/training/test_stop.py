"""A stopped or killed pack resumes, gives the same bytes, and trains nothing twice."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from medattn.errors import StopRequested
from medattn.plan.model import Pack
from medattn.training import stop as stopping
from medattn.training.stop import GRACE, stopping_on_signals
from tests.conftest import Project

PAPER = {"recipe": {"epochs": 6}, "arms": {"gsa": {"options": {"cutoff_epoch": 2}}}}


def train_command(project: Project, pack: Pack) -> list[str]:
    return [sys.executable, "-m", "medattn", "train", "--plan", str(project.results.plan), "--pack", pack.id]


def start(project: Project, pack: Pack) -> subprocess.Popen[str]:
    return subprocess.Popen(train_command(project, pack), cwd=project.root, stderr=subprocess.PIPE, text=True)


def first_pack(project: Project) -> Pack:
    return next(pack for pack in project.plan().packs.values() if pack.stage == "tune")


def records(project: Project) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in project.results.folder.rglob("record.json")}


def written(project: Project) -> dict[Path, int]:
    """Return when the sessions of the current runs were last written."""
    stamps = {}
    for path in project.results.folder.glob("runs/*/*/sessions.json"):
        with suppress(FileNotFoundError):
            stamps[path] = path.stat().st_mtime_ns
    return stamps


def wait_for_an_epoch(project: Project, process: subprocess.Popen[str]) -> str:
    """Wait until `process` has finished an epoch of a run, and return the run."""
    deadline, before = time.monotonic() + 900, written(project)
    while not (found := [path for path, stamp in written(project).items() if before.get(path) != stamp]):
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    return str(found[0].parent.relative_to(project.results.folder / "runs"))


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> dict[str, bytes]:
    """Return the outputs of the first pack without interruptions."""
    undisturbed = Project(tmp_path_factory.mktemp("undisturbed"))
    undisturbed.configure(PAPER)
    done = undisturbed.process("train")
    assert done.returncode == 0, done.stderr
    return {name: content for name, content in undisturbed.outputs().items() if "/tune-" in name}


@pytest.fixture
def disturbed(expected, project_at, tmp_path) -> Project:
    project = project_at(tmp_path / "disturbed")
    project.configure(PAPER)
    assert project.medattn("fetch", "--config", "config.yaml") == 0
    return project


@pytest.mark.heavy
def test_a_stopped_pack_resumes_at_its_epoch(disturbed, expected):
    pack = first_pack(disturbed)
    for name in ("SIGTERM", "SIGUSR1"):
        with start(disturbed, pack) as process:
            run = wait_for_an_epoch(disturbed, process)
            process.send_signal(signal.Signals[name])
            said = process.stderr.read().splitlines()
            assert process.wait() == 75
        assert said[-1] == f"medattn: stopped by {name}; the same command continues from the last checkpoint"
        assert not any("Traceback" in line for line in said)
        assert not list(disturbed.results.folder.rglob("lease-*")), "the run is free for others"
        assert not disturbed.results.pack(pack.id).exists()
    assert disturbed.medattn("train", "--plan", str(disturbed.results.plan), "--pack", pack.id) == 0
    assert disturbed.outputs() == expected
    assert len(disturbed.record(run)["sessions"]) >= 2, "the last run that was stopped went on"


@pytest.mark.heavy
def test_random_kills_change_nothing_and_no_finished_run_is_trained_again(disturbed, expected):
    pack, chance = first_pack(disturbed), random.Random(0)
    finished: dict[str, int] = {}
    for _ in range(3):
        with start(disturbed, pack) as process:
            wait_for_an_epoch(disturbed, process)
            time.sleep(chance.uniform(0, 0.4))
            process.kill()
            process.wait()
        assert finished.items() <= records(disturbed).items()
        finished = records(disturbed)
    assert disturbed.medattn("train", "--plan", str(disturbed.results.plan), "--pack", pack.id) == 0
    assert finished.items() <= records(disturbed).items()
    assert disturbed.outputs() == expected
    left = {path.name for path in disturbed.results.folder.glob("runs/*/*/*")}
    assert left == {"record.json", "history.csv", "scores.safetensors", "maps.safetensors"}, "nothing half-written"


def test_sigterm_waits_for_an_epoch_that_ends_soon_and_for_no_other(monkeypatch):
    with pytest.raises(StopRequested, match="SIGTERM"), stopping_on_signals() as stop:
        stop.expect_epoch(5 * GRACE)
        os.kill(os.getpid(), signal.SIGTERM)
        pytest.fail("a long epoch is not waited for")
    with pytest.raises(StopRequested, match="SIGTERM"), stopping_on_signals() as stop:
        stop.expect_epoch(GRACE / 2)
        os.kill(os.getpid(), signal.SIGTERM)
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= GRACE and not stop.can_wait
        os.kill(os.getpid(), signal.SIGTERM)  # schedulers may signal a process and its parents
        try:
            stop.between_epochs()
        except StopRequested:
            os.kill(os.getpid(), signal.SIGTERM)  # it does not interrupt the checkpoint
            assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
            raise
    monkeypatch.setattr(stopping, "GRACE", 0.05)
    with pytest.raises(StopRequested, match="SIGTERM"), stopping_on_signals() as stop:
        stop.expect_epoch(0)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)
        pytest.fail("an epoch that takes longer than expected is ended")
    with pytest.raises(StopRequested, match="SIGTERM"), stopping_on_signals() as stop:
        stop.expect_epoch(0)
        stop.expect_epoch(None)
        os.kill(os.getpid(), signal.SIGTERM)
        pytest.fail("without an epoch the process stops at once")
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_deferred_block_finishes_before_the_process_stops(number):
    finished = []
    with pytest.raises(StopRequested, match=number.name), stopping_on_signals() as stop, stop.deferred():
        os.kill(os.getpid(), number)
        finished.append(number)
    assert finished == [number]
    with pytest.raises(StopRequested), stopping_on_signals():
        os.kill(os.getpid(), signal.SIGTERM)
        finished.append(number)
    assert finished == [number], "afterwards SIGTERM stops at once again"
