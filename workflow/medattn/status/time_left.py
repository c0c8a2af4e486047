"""Seconds that the open runs of a plan still take, from the measured speed of similar runs."""

from collections import defaultdict

from medattn.errors import UserError
from medattn.layout import ResultPaths
from medattn.plan.model import Plan, Run, Stage
from medattn.provenance.records import read_record
from medattn.status.snapshot import Snapshot

_MAX_RECORDS = 3
"""Maximum number of records to read for a cell and stage without a finished pack."""


def seconds_left(plan: Plan, snapshot: Snapshot, results: ResultPaths) -> dict[str, float]:
    """Return the seconds that each open run still takes, by id; runs without a measured speed are left out.

    The speed is the run's current one or, before its first epoch, the mean of the runs of its cell and stage.
    """
    per_epoch = _seconds_per_epoch(plan, snapshot, results)
    left = {}
    for key, status in snapshot.runs.items():
        if status.state == "done":
            continue
        seconds = status.seconds_per_epoch or per_epoch.get((status.run.cell, status.run.stage))
        if seconds is not None:
            in_epoch = status.seconds_since_update if status.state == "running" else 0.0
            left[key] = max(0.0, seconds * (epochs_of(plan, status.run) - status.epoch) - in_epoch)
    return left


def epochs_of(plan: Plan, run: Run) -> int:
    """Return the number of epochs of a run; 1 for a classifier on pixels."""
    cell = plan.cells[run.cell]
    if cell.is_classifier:
        return 1
    return int((run.grid_point or {}).get("recipe.epochs") or cell.settings.recipe.epochs)


def _seconds_per_epoch(plan: Plan, snapshot: Snapshot, results: ResultPaths) -> dict[tuple[str, Stage], float]:
    """Return the mean seconds of an epoch by cell and stage, of finished runs or else of running ones."""
    finished: dict[tuple[str, Stage], list[float]] = defaultdict(list)
    for key, ending in snapshot.endings.items():
        run = plan.runs[key]
        if ending.get("epochs") and ending.get("status") == "ok":
            finished[run.cell, run.stage].append(float(ending["seconds"]) / int(ending["epochs"]))
    running: dict[tuple[str, Stage], list[float]] = defaultdict(list)
    for key, status in snapshot.runs.items():
        group = (status.run.cell, status.run.stage)
        if status.state == "done" and key not in snapshot.endings and len(finished[group]) < _MAX_RECORDS:
            finished[group] += _of_record(status.run, results)
        elif status.seconds_per_epoch is not None:
            running[group].append(status.seconds_per_epoch)
    return {group: sum(values) / len(values) for group, values in {**running, **finished}.items() if values}


def _of_record(run: Run, results: ResultPaths) -> list[float]:
    try:
        record = read_record(results.run(run.folder, run.name).record)
    except UserError:  # `medattn audit` reports damaged records
        return []
    return [float(record["seconds"]) / record["epochs"]] if record["epochs"] and record["status"] == "ok" else []
