"""measurements.csv, epochs.csv and readings.csv, from one pass over the scores of the finished runs."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd

from medattn.files import write_text
from medattn.layout import ResultPaths
from medattn.measure.measured_run import MeasuredRun, read_measured_run
from medattn.measure.procedures import Measurement, measurements
from medattn.measure.readings import RunUnderReadings, reading_rows, readings_text, under_readings
from medattn.metrics.registry import METRICS
from medattn.plan.model import Cell, Plan
from medattn.result_tables import EPOCHS, MEASUREMENTS
from medattn.text_formats import csv_of
from medattn.tuning.epoch_results import FoldAccuracies


def write_measurements(plan: Plan, results: ResultPaths) -> None:
    """Measure every cell of the plan, run by run, and write measurements.csv, epochs.csv and readings.csv.

    Raises:
        UserError: the hash of a run's scores is not the one in its record.
    """
    rows, epochs, readings = [], [], []
    for cell in plan.cells.values():
        runs = [] if cell.missing else plan.runs_of(cell.id, "train")
        folds = FoldAccuracies(plan.runs_of(cell.id, "tune"), results)
        measured, read = [], list[RunUnderReadings]()
        for run in runs:
            one = read_measured_run(run, cell, results, folds)
            if one.recorded is not None:
                read.append(under_readings(cell, one.run, one.recorded))
            measured.append(replace(one, recorded=None))  # scores of all runs together can exceed the memory
        rows += list(_rows(cell, measured))
        epochs += list(_epochs(cell, measured))
        readings += list(reading_rows(cell, measured, read))
    _write(results.measurements, rows, MEASUREMENTS.columns)
    _write(results.epochs, epochs, EPOCHS.columns)
    write_text(results.readings, readings_text(readings))


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
            yield {**common, **_fields(measurement)}
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
