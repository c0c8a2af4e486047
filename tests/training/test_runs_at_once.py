"""Workers: the same bytes as sequential runs, and a common stop."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from medattn.errors import StopRequested
from medattn.training.lease import Lease, LeaseLostError
from medattn.training.stop import Stop, stopping_on_signals

PAPER = {
    "arms": {"gsa": None},
    "recipe": {"epochs": 4},
    "protocol": {"kind": "fixed_epoch", "folds": None, "measured_epochs": None},
    "figures": None,
}


@pytest.mark.heavy
def test_workers_give_the_bytes_of_sequential_runs_and_stop_together(project_at, tmp_path):
    in_turn = project_at(tmp_path / "in_turn")
    # Both processes must still be in training when the signal comes, which takes enough epochs.
    long = {**PAPER, "recipe": {"epochs": 60}}
    in_turn.configure(long, seeds=[0, 1, 2, 3])
    assert in_turn.medattn("train") == 0
    at_once = project_at(tmp_path / "at_once")
    at_once.configure(long, seeds=[0, 1, 2, 3], runs_at_once=2)
    plan = at_once.plan()
    pack = next(iter(plan.packs))
    assert at_once.medattn("fetch", "--config", "config.yaml") == 0
    command = [sys.executable, "-m", "medattn", "train", "--plan", str(at_once.results.plan), "--pack", pack]
    with subprocess.Popen(command, cwd=at_once.root, stderr=subprocess.PIPE, text=True) as process:
        while len(list(at_once.results.folder.rglob("sessions.json"))) < 2:  # both processes are in their epochs
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.002)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate()
        assert process.returncode == 75, said
    time.sleep(0.1)
    assert not list(at_once.results.folder.rglob("lease-*"))  # nobody works on
    done = subprocess.run(command, cwd=at_once.root, capture_output=True, text=True, check=True)
    assert done.stderr.count("epochs in") <= 4
    assert at_once.outputs() == in_turn.outputs()
    assert at_once.results.pack(pack).exists()


def test_a_worker_stops_when_its_parent_is_gone():
    with stopping_on_signals(parent=os.getppid()) as stop:
        stop.between_epochs()
    with pytest.raises(StopRequested, match="the end of the process that started it"):
        Stop(parent=-1).between_epochs()


def test_a_run_whose_lease_was_lost_is_resumed_under_a_new_lease(project, monkeypatch, capsys):
    project.configure(PAPER, checkpoint=1)
    lost = []

    def check(lease):
        for path in [] if lost else project.results.folder.rglob("sessions.json"):
            if json.loads(path.read_text())[-1]["epochs_at_end"] == 1:
                lost.append(path)
                raise LeaseLostError("another process has taken over this run")

    monkeypatch.setattr(Lease, "check", check)
    assert project.medattn("train") == 0
    (run,) = project.plan().runs
    assert [session["epochs_at_end"] for session in project.record(run)["sessions"]] == [1, 4]
    assert "WARNING train [1/1]" in (err := capsys.readouterr().err)
    assert f"{run}: another process has taken over this run" in err
