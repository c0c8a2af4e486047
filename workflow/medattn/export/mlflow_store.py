"""Curves and measurements as runs of MLflow, in a database of SQLite.

MLflow writes the database: its schema belongs to MLflow, which refuses new stores in the older folder `mlruns/`.
"""

import hashlib
import logging
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medattn.errors import UserError
from medattn.export.exported_runs import ExportedResults, ExportedRun
from medattn.files import disk_errors
from medattn.plan.model import CellKey

if TYPE_CHECKING:
    from mlflow import MlflowClient

DATABASE = "mlflow.db"
_METRICS, _PARAMS = 1000, 100
"""Most metrics, and most parameters, that a call of MLflow takes."""
_LONGEST = 500
_STATUS = {"ok": "FINISHED", "diverged": "FAILED"}
_CONTENT = "medattn.content"


def write_mlflow(results: ExportedResults, folder: Path) -> list[Path]:
    """Write an MLflow run per run, and one per cell for measurements over several runs; return the database.

    Runs that an earlier export wrote stay if nothing has changed, and are replaced otherwise.

    Raises:
        UserError: MLflow is not installed, or the database can't be written.
    """
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise UserError(
            "--mlflow needs the package mlflow: pip install mlflow (the extra `mlflow` of medattn)"
        ) from error
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    database = folder / DATABASE
    with disk_errors(database):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        client = MlflowClient(tracking_uri=f"sqlite:///{database.resolve()}")
        name = results.plan.selection
        found = client.get_experiment_by_name(name)
        place = (folder / "artifacts").resolve().as_uri()
        experiment = found.experiment_id if found else client.create_experiment(name, artifact_location=place)
        earlier = _earlier(client, experiment)
        for run in _runs(results):
            content = hashlib.sha256(repr(run).encode()).hexdigest()
            before = earlier.get(run["name"], {})
            if content not in before.values():
                _write(client, experiment, run, content)
                for outdated in before:
                    client.delete_run(outdated)
    except MlflowException as error:
        raise UserError(
            f"{database}: MLflow can't write it ({error}); move it away, or choose another folder"
        ) from error
    return [database]


def _earlier(client: "MlflowClient", experiment: str) -> dict[str, dict[str, str]]:
    """Return id and content of the runs that earlier exports wrote, by name."""
    found: dict[str, dict[str, str]] = {}
    token = None
    while True:
        page = client.search_runs([experiment], max_results=1000, page_token=token)
        for run in page:
            if _CONTENT in run.data.tags:
                found.setdefault(run.info.run_name, {})[run.info.run_id] = run.data.tags[_CONTENT]
        token = page.token
        if not token:
            return found


def _runs(results: ExportedResults) -> Iterator[dict[str, Any]]:
    """Yield the runs of MLflow as plain values: name, status, times in milliseconds, tags, params, metrics."""
    measured = results.measured()
    for run in results.runs:
        yield _of_run(run, measured.pop(run.run.id, []))
    cells = {CellKey.of_row(row).id: row for row in results.measurements.to_dict("records")}
    for name, values in measured.items():
        row = cells.get(name, {})
        labels = {key: row.get(key) for key in ("paper", "experiment", "dataset", "backbone", "arm", "stand_in")}
        metrics = [(_metric(f"measured/{key}"), value, None, 0) for key, value in values]
        yield {"name": name, "status": "FINISHED", "tags": _texts(labels), "params": {}, "metrics": metrics}


def _of_run(run: ExportedRun, measured: list[tuple[str, float]]) -> dict[str, Any]:
    metrics = [
        (_metric(name), value, row.epoch, row.epoch) for row in run.history for name, value in run.curves_at(row)
    ]
    last = len(run.history)
    metrics += [(_metric(f"measured/{name}"), value, last, last) for name, value in measured]
    times = [run.seconds_at(epoch) for epoch in range(last + 1)]
    return {
        "name": run.run.id,
        "status": _STATUS.get(run.status, "RUNNING"),
        "times": [None if at is None else int(1000 * at) for at in times],
        "tags": _texts(run.labels()),
        "params": _texts(dict(_flat(run.settings))),
        "metrics": metrics,
    }


def _write(client: "MlflowClient", experiment: str, run: Mapping[str, Any], content: str) -> None:
    from mlflow.entities import Metric, Param

    times, now = run.get("times") or [None], int(1000 * time.time())
    tags = {**run["tags"], _CONTENT: ""}
    created = client.create_run(experiment, times[0] or now, tags, run["name"]).info.run_id
    params = [Param(key, value) for key, value in run["params"].items()]
    for start in range(0, len(params), _PARAMS):
        client.log_batch(created, params=params[start : start + _PARAMS])
    metrics = [
        Metric(name, value, (now if epoch is None else times[epoch]) or now, step)
        for name, value, epoch, step in run["metrics"]
    ]
    for start in range(0, len(metrics), _METRICS):
        client.log_batch(created, metrics=metrics[start : start + _METRICS])
    if run["status"] != "RUNNING":
        client.set_terminated(created, run["status"], times[-1] or now)
    # Last: the next export replaces a run that was not written to its end.
    client.set_tag(created, _CONTENT, content)


def _flat(value: object, key: str = "") -> Iterator[tuple[str, object]]:
    """Yield the values of nested settings by dotted keys."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(inner, f"{key}.{name}" if key else str(name))
    else:
        yield key, value


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    return {key: str(value)[:_LONGEST] for key, value in values.items() if value is not None and value != ""}


def _metric(name: str) -> str:
    """Return a name of a metric with the characters that MLflow allows."""
    return re.sub(r"[^\w\-. :/]", "_", name, flags=re.ASCII)
