"""The runs of a results folder with their curves and measurements, finished or not."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from medattn.errors import UserError
from medattn.layout import ResultPaths, RunPaths
from medattn.plan.model import Cell, CellKey, Plan, Run
from medattn.plan.plan_file import read_plan
from medattn.plan.run_settings import run_settings
from medattn.provenance.records import read_record
from medattn.result_tables import MEASUREMENTS, read_table
from medattn.training.history import EpochRow, read_history

log = logging.getLogger(__name__)

CURVES = ("learning_rate", "train_loss", "penalty", "train_accuracy", "accuracy", "validation_accuracy")
"""Curves of a run, a value an epoch. Accuracies are in percent; `accuracy` is that of the evaluated split."""


@dataclass(frozen=True)
class ExportedRun:
    """A run that has begun.

    Attributes:
        run: the run.
        cell: its cell.
        status: `ok` or `diverged` for a finished run, else `unfinished`.
        evaluated: split in the curve `accuracy`.
        history: a row per finished epoch; of an unfinished run, up to its last checkpoint.
        settings: its settings, as its record or the plan has them.
        record: the record of a finished run; empty for others.
    """

    run: Run
    cell: Cell
    status: str
    evaluated: str
    history: tuple[EpochRow, ...]
    settings: Mapping[str, Any]
    record: Mapping[str, Any]

    def labels(self) -> dict[str, Any]:
        """Return what identifies the run, as columns."""
        return {
            "run": self.run.id,
            **asdict(self.cell.key),
            "stage": self.run.stage,
            "seed": self.run.seed,
            "fold": self.run.fold,
            "status": self.status,
            "stand_in": self.cell.stand_in,
        }

    def curves_at(self, row: EpochRow) -> Iterator[tuple[str, float]]:
        """Yield names and values of the curves at an epoch; that of the evaluated split is named after the split."""
        for name, value in curve_values(row):
            yield f"{self.evaluated}_accuracy" if name == "accuracy" else name, value

    def seconds_at(self, epoch: int) -> float | None:
        """Return when an epoch ended, in seconds since 1970, as if all took equally long; None for unfinished runs."""
        if not self.record.get("finished"):
            return None
        end = datetime.fromisoformat(self.record["finished"]).timestamp()
        return end - float(self.record["seconds"]) * (1 - epoch / max(1, len(self.history)))


@dataclass(frozen=True)
class ExportedResults:
    """What is exported of a results folder.

    Attributes:
        plan: its plan.
        runs: runs with at least one finished epoch, in the order of the plan.
        measurements: rows of measurements.csv with a value; none before the runs are measured.
    """

    plan: Plan
    runs: tuple[ExportedRun, ...]
    measurements: pd.DataFrame

    def measured(self) -> dict[str, list[tuple[str, float]]]:
        """Return names and values of the measurements by run, or by cell where one is of several runs."""
        found: dict[str, list[tuple[str, float]]] = {}
        for row in self.measurements.to_dict("records"):
            is_of_one = row["runs"] and ";" not in row["runs"]
            place = row["runs"] if is_of_one else CellKey.of_row(row).id
            found.setdefault(place, []).append((_metric_name(row), float(row["value"])))
        return found


def read_results(results: ResultPaths) -> ExportedResults:
    """Read runs and measurements; nothing is written.

    Raises:
        UserError: the plan or a file of a finished run is damaged.
    """
    plan = read_plan(results.plan)
    runs = (_exported(run, plan.cells[run.cell], results.run(run.folder, run.name)) for run in plan.runs.values())
    table = read_table(results.measurements, MEASUREMENTS, optional=True)
    return ExportedResults(plan, tuple(run for run in runs if run is not None), table[table["value"].notna()])


def curve_values(row: EpochRow) -> Iterator[tuple[str, float]]:
    """Yield names and values of the curves at an epoch, as in CURVES; accuracies of no image are left out."""
    yield "learning_rate", row.learning_rate
    yield "train_loss", row.train_loss
    yield "penalty", row.penalty
    for name, correct, images in (
        ("train_accuracy", row.train_correct, row.train_images),
        ("accuracy", row.correct, row.images),
        ("validation_accuracy", row.validation_correct, row.validation_images),
    ):
        if images:
            yield name, 100 * correct / images


def _metric_name(row: Mapping[Any, Any]) -> str:
    """Return the name of a measurement: metric, class where it is of one, and procedure, joined by slashes."""
    return "/".join(part for part in (row["metric"], row["class_name"], row["procedure"]) if part)


def _exported(run: Run, cell: Cell, files: RunPaths) -> ExportedRun | None:
    evaluated = "test" if run.stage == "train" else "validation"
    if files.record.is_file():
        record = read_record(files.record)
        evaluated = str(record.get("data", {}).get("evaluated", evaluated))
        settings = record.get("configuration", {})
        return ExportedRun(run, cell, record["status"], evaluated, (*read_history(files.history),), settings, record)
    history = _unfinished(files.checkpoint)
    if not history:
        return None
    settings = run_settings(cell, run, run.grid_point or {})
    return ExportedRun(run, cell, "unfinished", evaluated, history, settings, {})


def _unfinished(checkpoint: Path) -> tuple[EpochRow, ...]:
    """Return the history in the checkpoint of a run in training; none without one."""
    if not checkpoint.is_file():
        return ()
    import torch  # only here: it takes seconds, and finished results need no checkpoint

    from medattn.training.checkpoint import read_checkpoint

    try:
        return tuple(read_checkpoint(checkpoint, torch.device("cpu")).history)
    except (OSError, UserError) as error:  # the run finished meanwhile
        log.warning("%s: not exported (%s)", checkpoint, error)
        return ()
