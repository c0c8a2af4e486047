"""`medattn status` reads the files of runs in progress on any machine."""

import json
import os
import platform
import time
from pathlib import Path

import pytest

from medattn.__main__ import main
from medattn.files import write_json
from medattn.layout import RunPaths
from medattn.training.lease import EXPIRY


def holding(files: RunPaths, touched: float = 0.0, **holder: object) -> None:
    """Write a lease of a process, by default on another machine, that was renewed `touched` seconds ago."""
    files.folder.mkdir(parents=True, exist_ok=True)
    lease = files.lease(1)
    lease.write_text(
        json.dumps({"host": "elsewhere", "boot": "b", "processes": "p", "pid": 1, "started": "1", **holder})
    )
    os.utime(lease, (time.time() - touched, time.time() - touched))


def session(files: RunPaths, epochs: int, seconds: float, start: int = 0, images: int = 20) -> None:
    note = {"started": "2026-01-01T00:00:00+00:00", "seconds": seconds, "epochs_at_end": epochs}
    write_json(files.sessions, [{**note, "epochs_at_start": start, "training_images": images}])


def status(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    capsys.readouterr()
    assert main(["status", "--format", "json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def planned(project, capsys):
    """A plan of two arms with four seeds: cross-validation, then training; no run has started."""
    project.configure({"recipe": {"epochs": 10}}, seeds=[0, 1, 2, 3], pack_across_cells=False)
    return project, project.plan()


def test_all_runs_wait_before_training(planned, capsys):
    _, plan = planned
    shown = status(capsys)
    assert shown["runs"]["waiting"] == len(plan.runs) > 0
    assert shown["runs"]["seconds_left"] is None
    assert main(["status"]) == 0
    assert "time left on one worker: unknown" in capsys.readouterr().out


def test_a_running_run_shows_epoch_speed_and_time_left(planned, capsys):
    project, plan = planned
    pack = next(pack for pack in plan.packs.values() if pack.stage == "train")
    first = pack.runs[0]
    holding(project.files(first))
    session(project.files(first), epochs=6, seconds=8.0, start=2)
    shown = status(capsys, str(project.results.folder))
    (running,) = shown["running"]
    assert running["run"] == first
    assert (running["epoch"], running["epochs"]) == (6, 10)
    assert running["images_per_second"] == pytest.approx(4 * 20 / 8)
    assert running["seconds_left"] == pytest.approx(4 * 2, abs=1)
    own = next(each for each in shown["packs"] if each["pack"] == pack.id)
    assert own["running"] == 1 and own["waiting"] == len(pack.runs) - 1
    # The runs of the same cell wait for as long as this one takes.
    assert own["seconds_left"] == pytest.approx(8 + 20 * (len(pack.runs) - 1), abs=1)
    assert shown["runs"]["seconds_left"] is None
    assert main(["status"]) == 0
    out = capsys.readouterr().out
    assert "epoch 6 of 10, 10 images/s, 8 s left" in out or "7 s left" in out


def test_a_dead_process_holds_no_run(planned, capsys):
    project, plan = planned
    silent, killed, failed, *_ = plan.runs
    holding(project.files(silent), touched=EXPIRY + 60)
    session(project.files(silent), epochs=3, seconds=3)
    from medattn.training.lease import _machine

    holding(project.files(killed), **{**_machine(), "host": platform.node(), "pid": 2**22 + 1})
    write_json(project.files(failed).failure, {"run": failed, "reason": "out of\nmemory", "traceback": ""})
    shown = status(capsys)
    assert shown["running"] == []
    assert shown["failed"] == [{"run": failed, "reason": "failed: out of memory"}]
    assert shown["runs"]["waiting"] == len(plan.runs) - 1
    assert main(["status"]) == 0
    assert f"{failed}: failed: out of memory" in capsys.readouterr().out


def test_finished_runs_give_the_time_left_and_are_counted_without_reading_them(planned, capsys):
    project, plan = planned
    for pack in plan.packs.values():
        ended = pack.runs if pack.stage == "tune" else pack.runs[:2]
        for run in ended:
            project.files(run).folder.mkdir(parents=True)
            if pack.stage == "train":
                record = {"status": "ok", "epochs": 10, "seconds": 30.0, "outputs": {}}
                project.files(run).record.write_text(json.dumps(record))
        if pack.stage == "tune":
            endings = {run: {"status": "ok", "epochs": 10, "seconds": 20.0} for run in ended}
            endings[ended[0]]["status"] = "diverged"
            write_json(project.results.pack(pack.id), {"pack": pack.id, "runs": endings})
    shown = status(capsys)
    open_runs = shown["runs"]["waiting"]
    assert shown["runs"]["done"] == len(plan.runs) - open_runs
    assert shown["runs"]["diverged"] == 2
    assert shown["runs"]["seconds_left"] == pytest.approx(30 * open_runs)
    assert all(pack["seconds_left"] == 0 for pack in shown["packs"] if pack["stage"] == "tune")


def test_status_changes_no_file(planned, capsys):
    project, plan = planned
    run = next(iter(plan.runs))
    holding(project.files(run), touched=30)
    session(project.files(run), 1, 1.0)
    before = {path: path.stat().st_mtime_ns for path in Path().rglob("*")}
    status(capsys)
    assert {path: path.stat().st_mtime_ns for path in Path().rglob("*")} == before


def test_watch_ends_with_ctrl_c_and_with_the_last_run(planned, capsys, monkeypatch):
    project, plan = planned
    calls = []

    def interrupted(seconds: float) -> None:
        calls.append(seconds)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupted)
    assert main(["status", "--watch", "--every", "0.5"]) == 0
    assert calls == [0.5, 0.5]
    assert capsys.readouterr().out.count("Status of the selection") == 2
    for run in plan.runs:
        project.files(run).folder.mkdir(parents=True)
        project.files(run).record.touch()
    assert main(["status", "--watch"]) == 0
    assert len(calls) == 2


def test_a_missing_plan_is_an_error_with_advice(project, capsys):
    assert main(["status", "results/none"]) == 2
    assert (
        "plan.json: no such file; nothing was started yet: run `medattn plan --write` or snakemake to make it"
        in capsys.readouterr().err
    )


def test_runs_that_the_selection_has_more_than_the_written_plan_are_counted(planned, capsys):
    project, plan = planned
    assert main(["status", "--config", "config.yaml"]) == 0
    assert "than the written plan" not in capsys.readouterr().out
    project.configure({"recipe": {"epochs": 10}}, seeds=[0, 1, 2, 3, 4], pack_across_cells=False)
    assert main(["status", "--config", "config.yaml"]) == 0
    assert "the selection has 2 runs more than the written plan" in capsys.readouterr().out
    shown = status(capsys, "--config", "config.yaml")
    assert shown["runs"]["waiting"] == len(plan.runs)
