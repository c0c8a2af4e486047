"""measurements.csv, epochs.csv and readings.csv, from one pass over the scores of the finished runs."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd

from medattn.files import write_text
from medattn.layout import ResultPaths
from medattn.measure.kept_values import refuse_fewer_values
from medattn.measure.measured_run import MeasuredRun, read_measured_run
from medattn.measure.procedures import Measurement, measurements
from medattn.measure.readings import RunUnderReadings, reading_lines, readings_text, under_readings
from medattn.metrics.registry import METRICS
from medattn.plan.model import Cell, Plan, Run
from medattn.result_tables import EPOCHS, MEASUREMENTS
from medattn.text_formats import csv_of
from medattn.tuning.epoch_results import FoldAccuracies

_TOGETHER = 1 << 25
"""Bytes of the scores of runs that are measured together."""


def write_measurements(plan: Plan, results: ResultPaths, *, allow_fewer: bool = False) -> None:
    """Measure every cell of the plan, run by run, and write measurements.csv, epochs.csv and readings.csv.

    Args:
        plan: the plan.
        results: the folder of the runs and of the files.
        allow_fewer: write even if planned values of the present measurements.csv get lost.

    Raises:
        UserError: the hash of a run's scores is not the one in its record, or planned values would get lost.
    """
    rows, epochs, readings = [], [], []
    for cell in plan.cells.values():
        runs = plan.runs_of(cell.id, "train")
        # What finished stays measured, even where the cell can't be run any more.
        if cell.missing and not any(results.run(run.folder, run.name).record.exists() for run in runs):
            runs = []
        folds = FoldAccuracies(plan.runs_of(cell.id, "tune"), results)
        measured, read = list[MeasuredRun](), list[RunUnderReadings]()
        for part in _groups(runs, cell, results, folds):
            read += under_readings(cell, [(one.run, one.recorded) for one in part if one.recorded is not None])
            measured += [replace(one, recorded=None) for one in part]  # all scores together can exceed the memory
        rows += list(_rows(cell, measured))
        epochs += list(_epochs(cell, measured))
        readings += list(reading_lines(cell, measured, read))
    if not allow_fewer:
        refuse_fewer_values(plan, results, rows)
    _write(results.measurements, rows, MEASUREMENTS.columns)
    _write(results.epochs, epochs, EPOCHS.columns)
    write_text(results.readings, readings_text(readings))


def _groups(
    runs: Sequence[Run], cell: Cell, results: ResultPaths, folds: FoldAccuracies
) -> Iterator[list[MeasuredRun]]:
    """Yield measured runs in groups whose scores fit into 32 MB; a run with larger scores is a group."""
    group, size = list[MeasuredRun](), 0
    for run in runs:
        one = read_measured_run(run, cell, results, folds)
        own = one.recorded.size if one.recorded is not None else 0
        if group and size + own > _TOGETHER:
            yield group
            group, size = [], 0
        group.append(one)
        size += own
    if group:
        yield group


def _write(path: Path, rows: list[dict[str, Any]], columns: Sequence[str]) -> None:
    table = pd.DataFrame(rows, columns=[*columns])
    for column in {"seed", "fold", "n", "n_test"} & set(columns):
        table[column] = table[column].astype("Int64")
    write_text(path, csv_of(table))


def _rows(cell: Cell, measured: list[MeasuredRun]) -> Iterator[dict[str, Any]]:
    key = asdict(cell.key)
    for metric in cell.metrics:
        common = {
            **key,
            "metric": metric,
            "unit": METRICS[metric].unit,
            "stand_in": cell.stand_in,
            "leak": cell.leak,
        }
        for measurement in measurements(metric, measured):
            fields = _fields(measurement)
            if cell.missing and measurement.procedure == "runs":
                finished = sum(run.is_finished for run in measured)
                parts = [f"{finished} of {len(measured)} runs", measurement.reason or cell.missing]
                fields["reason"] = "; ".join(parts) if finished < len(measured) else measurement.reason
            yield {**common, **fields}
        if not measured:
            yield {**common, "procedure": "runs", "status": "not measured", "reason": cell.missing or "no run"}


def _fields(measurement: Measurement) -> dict[str, Any]:
    values = {**vars(measurement), "runs": ";".join(measurement.runs)}
    if isnan(measurement.value):
        return {**values, "value": None, "n": None, "n_test": measurement.n_test or None, "status": "not measured"}
    return {**values, "status": "measured"}


def _epochs(cell: Cell, measured: list[MeasuredRun]) -> Iterator[dict[str, Any]]:
    key = asdict(cell.key)  # once a cell: copying it for every epoch would take most of the time
    for run in measured:
        for epoch, value in enumerate(run.accuracy if not cell.is_classifier else (), start=1):
            yield {
                **key,
                "seed": run.run.seed,
                "fold": run.run.fold,
                "metric": "accuracy",
                "epoch": epoch,
                "value": value,
                "measured": epoch in run.epochs,
            }
