"""Collecting every measured run into measurements.csv and epochs.csv.

Two procedures stand side by side. `epochs` is the paper's: mean and sample standard deviation (ddof = 1) of the
test accuracy over the measured epochs of one run. `runs` takes the runs as replicates: mean over the seeds of those
means, and their spread.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from safetensors.numpy import load_file

from medattn.files import write_text
from medattn.layout import Results
from medattn.measure.accuracy import accuracy_percent
from medattn.measure.epochs import measured_epochs
from medattn.plan.frozen import Cell, Plan, Run
from medattn.provenance.records import check_output, failure_reason, read_record

MEASUREMENT_COLUMNS = [
    "paper", "experiment", "dataset", "backbone", "arm", "metric", "procedure", "seed", "value", "spread", "n", "unit",
    "n_test", "stand_in", "status", "reason", "runs",
]  # fmt: skip
EPOCH_COLUMNS = ["paper", "experiment", "dataset", "backbone", "arm", "seed", "metric", "epoch", "value", "measured"]


@dataclass(frozen=True)
class MeasuredRun:
    """A run with its test accuracy at every epoch, and which epochs are measured.

    Attributes:
        run: the run.
        accuracy: percent after each epoch; None if the run did not end well.
        epochs: measured epochs, counted from 1.
        images: test images.
        reason: why there is no accuracy.
    """

    run: Run
    accuracy: np.ndarray | None
    epochs: tuple[int, ...] = ()
    images: int = 0
    reason: str = ""

    def values(self) -> np.ndarray:
        """Return the accuracy at the measured epochs, in percent."""
        assert self.accuracy is not None
        return self.accuracy[[epoch - 1 for epoch in self.epochs]]


def write_measurements(plan: Plan, results: Results) -> None:
    """Measure every cell of the plan and write measurements.csv and epochs.csv.

    Raises:
        UserError: a run's scores are not those that its record names.
    """
    rows, epochs = [], []
    for cell in plan.cells.values():
        measured = [_measured(run, cell, results) for run in plan.runs_of(cell.id, "train")] if not cell.missing else []
        rows += list(_measurements(cell, measured))
        epochs += list(_epochs(cell, measured))
    _write(results.measurements, rows, MEASUREMENT_COLUMNS)
    _write(results.epochs, epochs, EPOCH_COLUMNS)


def _write(path: Any, rows: list[dict[str, Any]], columns: list[str]) -> None:
    write_text(path, pd.DataFrame(rows, columns=columns).to_csv(index=False, lineterminator="\n"))


def _measured(run: Run, cell: Cell, results: Results) -> MeasuredRun:
    files = results.run(run.cell, run.name)
    if not files.record.exists():
        reason = failure_reason(files.failure) if files.failure.exists() else "not trained yet"
        return MeasuredRun(run, None, reason=reason)
    record = read_record(files.record)
    if record["status"] != "ok":
        return MeasuredRun(run, None, reason=f"{record['status']}: {record['reason']}")
    check_output(record, files.scores)
    arrays = load_file(files.scores)
    accuracy = accuracy_percent(arrays["scores"], arrays["labels"])
    return MeasuredRun(run, accuracy, measured_epochs(run, cell, results), len(arrays["labels"]))


def _measurements(cell: Cell, measured: list[MeasuredRun]) -> Iterator[dict[str, Any]]:
    common = {
        "paper": cell.paper,
        "experiment": cell.experiment,
        "dataset": cell.dataset,
        "backbone": cell.backbone,
        "arm": cell.arm,
        "metric": "accuracy",
        "unit": "percent",
        "stand_in": cell.stand_in,
    }
    good = [m for m in measured if m.accuracy is not None]
    for m in measured:
        row = {**common, "procedure": "epochs", "seed": m.run.seed, "runs": m.run.id}
        if m.accuracy is None:
            yield {**row, "status": "not measured", "reason": m.reason}
        else:
            yield {**row, **_summary(m.values()), "n_test": m.images, "status": "measured"}
    row = {**common, "procedure": "runs", "seed": "", "runs": ";".join(m.run.id for m in good)}
    if good:
        lost = [f"seed {m.run.seed}: {m.reason}" for m in measured if m.accuracy is None]
        means = np.array([m.values().mean() for m in good])
        yield {
            **row,
            **_summary(means),
            "n_test": good[0].images,
            "status": "measured",
            "reason": "; ".join(lost),
        }
    else:
        reason = cell.missing or (measured[0].reason if measured else "no run")
        yield {**row, "status": "not measured", "reason": reason}


def _summary(values: np.ndarray) -> dict[str, Any]:
    spread = float(values.std(ddof=1)) if len(values) > 1 else None
    return {"value": float(values.mean()), "spread": spread, "n": len(values)}


def _epochs(cell: Cell, measured: list[MeasuredRun]) -> Iterator[dict[str, Any]]:
    for m in measured:
        if m.accuracy is not None and not cell.is_classifier:
            for epoch, value in enumerate(m.accuracy, start=1):
                yield {
                    "paper": cell.paper,
                    "experiment": cell.experiment,
                    "dataset": cell.dataset,
                    "backbone": cell.backbone,
                    "arm": cell.arm,
                    "seed": m.run.seed,
                    "metric": "accuracy",
                    "epoch": epoch,
                    "value": float(value),
                    "measured": epoch in m.epochs,
                }
