"""readings.csv: the value of every finished run under every reading of its protocol and of its metrics.

A run whose scores do not exist has one row for each metric, of the default reading.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from math import isnan, nan
from typing import Any

import numpy as np

from medattn.measure.epochs import epochs_by_reading
from medattn.measure.measured_run import NAN_OUTPUT, MeasuredRun, class_names
from medattn.metrics.evaluate import measure_epochs
from medattn.metrics.registry import METRICS
from medattn.metrics.scored import Floats, ScoredEpochs
from medattn.plan.model import Cell
from medattn.protocols.base import MeasurementProtocol
from medattn.protocols.reading import Reading
from medattn.result_tables import READINGS

_NO_EPOCHS = "the runs of the folds that rank the epochs are not available"


def metric_readings(protocol: MeasurementProtocol, metric: str, classes: int) -> list[Reading]:
    """Return the readings of a metric: those of the protocol, the default one first, then other averages.

    An average over the classes other than the metric's own is combined with the default reading only.

    Args:
        protocol: the protocol of the cell.
        metric: name of the metric.
        classes: number of classes of the data set.
    """
    readings = protocol.readings()
    default = readings[0]
    others = [
        replace(
            default, choices={**default.choices, averaging_key(metric): name}, title=f"{default.title}, {other.title}"
        )
        for name, other in METRICS[metric].averagings.items()
        if other.fits(classes)
    ]
    return [*readings, *others]


def averaging_key(metric: str) -> str:
    """Return the key that `left_open` names the average of a metric with."""
    return f"metrics.{metric}.averaging"


@dataclass(frozen=True)
class _ReadRun:
    """A finished run, ready to be measured under every reading.

    Attributes:
        run: the run.
        epochs: epochs that each reading averages, by the reading's name.
        column: position of each finite epoch in `scored`.
        scored: the test images at all these epochs.
    """

    run: MeasuredRun
    epochs: Mapping[str, tuple[int, ...]]
    column: Mapping[int, int]
    scored: ScoredEpochs

    def value(self, reading: Reading, values: Floats) -> tuple[float, str]:
        """Return the mean of the defined values over the epochs of a reading, and why there is none."""
        epochs = self.epochs[reading.name]
        if not epochs:
            return nan, _NO_EPOCHS
        lost = next((epoch for epoch in epochs if epoch not in self.column), None)
        if lost is not None:
            return nan, NAN_OUTPUT.format(lost)
        if len(epochs) == 1:
            value = float(values[self.column[epochs[0]]])
            return value, "undefined" if isnan(value) else ""
        found = values[[self.column[epoch] for epoch in epochs]]
        defined = found[~np.isnan(found)]
        if not len(defined):
            return nan, "undefined"
        note = f"undefined at {len(found) - len(defined)} of {len(found)} epochs" if len(defined) < len(found) else ""
        return float(np.mean(defined)), note


def reading_rows(cell: Cell, measured: Sequence[MeasuredRun]) -> Iterator[list[Any]]:
    """Yield the rows of a cell, with the columns of `READINGS`."""
    protocol = cell.settings.protocol
    read = [_read(cell, run, protocol.readings()) for run in measured if run.recorded is not None]
    waiting = [run for run in measured if run.recorded is None]
    for metric in cell.metrics:
        start = [*astuple(cell.key), metric]
        readings = metric_readings(protocol, metric, len(read[0].scored.classes) if read else 0)
        for run in waiting:
            place = [run.run.seed, run.run.fold]
            yield [*start, "", readings[0].name, readings[0].leak, True, *place, None, None, run.reason]
        yield from _of_metric(start, metric, readings, read)
        yield from _pooled(start, metric, [reading for reading in readings if reading.pools_folds], read)


def write_rows(rows: Sequence[Sequence[Any]]) -> str:
    """Return the rows as CSV text, with the heading."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(READINGS.columns)
    writer.writerows(rows)
    return text.getvalue()


def _read(cell: Cell, run: MeasuredRun, readings: Sequence[Reading]) -> _ReadRun:
    assert run.recorded is not None
    epochs = epochs_by_reading(cell, run.recorded, readings)
    scores, labels = run.recorded.arrays["scores"], run.recorded.arrays["labels"]
    needed = sorted({epoch for _, chosen in epochs for epoch in chosen})
    taken = scores[[epoch - 1 for epoch in needed]]
    is_finite = ~np.isnan(taken).any(axis=(1, 2))
    if not is_finite.all():
        taken, needed = taken[is_finite], [epoch for epoch, finite in zip(needed, is_finite, strict=True) if finite]
    column = {epoch: position for position, epoch in enumerate(needed)}
    scored = ScoredEpochs(taken, labels, class_names(cell, scores))
    return _ReadRun(run, {reading.name: chosen for reading, chosen in epochs}, column, scored)


def _of_metric(
    start: list[str], metric: str, readings: Sequence[Reading], read: Sequence[_ReadRun]
) -> Iterator[list[Any]]:
    """Yield the rows of each run: a value, or for a reading whose epochs have NaN scores the reason."""
    default = readings[0]
    key = averaging_key(metric)
    for one in read:
        place = [one.run.run.seed, one.run.run.fold]
        by_averaging: dict[str, dict[str, Floats]] = {}
        for reading in readings:
            if reading.pools_folds:
                continue
            averaging = reading.choices.get(key, "")
            epochs_of = default if averaging else reading
            if averaging not in by_averaging:
                by_averaging[averaging] = measure_epochs(metric, one.scored, averaging)
            count = len(one.epochs[epochs_of.name])
            for class_name, values in by_averaging[averaging].items():
                value, reason = one.value(epochs_of, values)
                number = None if isnan(value) else value
                is_default = reading is default
                yield [*start, class_name, reading.name, reading.leak, is_default, *place, count, number, reason]


def _pooled(
    start: list[str], metric: str, readings: Sequence[Reading], read: Sequence[_ReadRun]
) -> Iterator[list[Any]]:
    """Yield a row for each seed under each reading that pools the test images of all folds."""
    by_seed: dict[int, list[_ReadRun]] = {}
    for one in read:
        by_seed.setdefault(one.run.run.seed, []).append(one)
    for reading in readings:
        for seed, folds in by_seed.items():
            columns = [
                [fold.column[epoch] for epoch in fold.epochs[reading.name] if epoch in fold.column] for fold in folds
            ]
            if not all(columns):
                continue
            parts = [fold.scored.scores[taken[0]] for fold, taken in zip(folds, columns, strict=True)]
            labels = np.concatenate([fold.scored.labels for fold in folds])
            scored = ScoredEpochs(np.concatenate(parts)[None], labels, folds[0].scored.classes)
            for class_name, values in measure_epochs(metric, scored).items():
                value = None if isnan(values[0]) else float(values[0])
                yield [*start, class_name, reading.name, reading.leak, False, seed, None, 1, value, ""]
