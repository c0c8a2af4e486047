"""readings.csv: the value of every finished run under every reading of its protocol and of its metrics.

A run whose scores do not exist has one row for each metric, of the default reading.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from functools import cached_property
from math import isnan
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
from medattn.text_formats import csv_row

_NO_EPOCHS = "the runs that choose the epochs under this reading are not available"


def metric_readings(protocol: MeasurementProtocol, metric: str, classes: int | None = None) -> list[Reading]:
    """Return the readings of a metric: those of the protocol, the default one first, then other averages.

    An average over the classes other than the metric's own is combined with the default reading only.

    Args:
        protocol: the protocol of the cell.
        metric: name of the metric.
        classes: number of classes of the data set; None for the averages that any number has.
    """
    readings = protocol.readings()
    default = readings[0]
    others = [
        replace(
            default, choices={**default.choices, averaging_key(metric): name}, title=f"{default.title}, {other.title}"
        )
        for name, other in METRICS[metric].averagings.items()
        if classes is None or other.fits(classes)
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
        columns: position of each epoch in `scored`; an epoch with NaN scores has none.
        scored: the test images at all these epochs.
    """

    run: MeasuredRun
    epochs: Mapping[str, tuple[int, ...]]
    columns: Mapping[int, int]
    scored: ScoredEpochs

    def means(self, values: Floats) -> dict[tuple[int, ...], tuple[float | None, str]]:
        """Return the mean of the defined values over the epochs of each reading, or None with a reason.

        Args:
            values: the values at the epochs of `scored`.
        """
        return {epochs: self._mean(epochs, values) for epochs in self._distinct}

    @cached_property
    def _distinct(self) -> set[tuple[int, ...]]:
        return set(self.epochs.values())

    def _mean(self, epochs: tuple[int, ...], values: Floats) -> tuple[float | None, str]:
        if not epochs:
            return None, _NO_EPOCHS
        lost = next((epoch for epoch in epochs if epoch not in self.columns), None)
        if lost is not None:
            return None, NAN_OUTPUT.format(lost)
        found = [value for epoch in epochs if not isnan(value := float(values[self.columns[epoch]]))]
        if not found:
            return None, "undefined"
        note = f"undefined at {len(epochs) - len(found)} of {len(epochs)} epochs" if len(found) < len(epochs) else ""
        return (float(np.mean(found)) if len(found) > 1 else found[0]), note


def reading_rows(cell: Cell, measured: Sequence[MeasuredRun]) -> Iterator[list[Any]]:
    """Yield the rows of a cell, with the columns of `READINGS`."""
    protocol = cell.settings.protocol
    read = [_read(cell, run) for run in measured if run.recorded is not None]
    waiting = [run for run in measured if run.recorded is None]
    for metric in cell.metrics:
        start = [*astuple(cell.key), metric]
        readings = metric_readings(protocol, metric, len(read[0].scored.classes) if read else 0)
        for run in waiting:
            place = [run.run.seed, run.run.fold]
            yield [*start, "", readings[0].name, readings[0].leak, True, *place, None, None, run.reason]
        yield from _of_metric(start, metric, readings, read)
        yield from _pooled(start, metric, [reading for reading in readings if reading.pools_folds], read)


def readings_text(rows: Sequence[Sequence[Any]]) -> str:
    """Return the rows as CSV text, with the heading."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(READINGS.columns)
    writer.writerows(map(csv_row, rows))
    return text.getvalue()


def _read(cell: Cell, run: MeasuredRun) -> _ReadRun:
    assert run.recorded is not None
    epochs = epochs_by_reading(cell, run.recorded)
    scores, labels = run.recorded.arrays["scores"], run.recorded.arrays["labels"]
    needed = sorted({epoch for chosen in epochs.values() for epoch in chosen})
    taken = scores[[epoch - 1 for epoch in needed]]
    is_lost = np.isnan(taken).any(axis=(1, 2))
    if is_lost.any():
        taken, needed = taken[~is_lost], [epoch for epoch, lost in zip(needed, is_lost, strict=True) if not lost]
    columns = {epoch: position for position, epoch in enumerate(needed)}
    return _ReadRun(run, epochs, columns, ScoredEpochs(taken, labels, class_names(cell, scores)))


def _of_metric(
    start: list[str], metric: str, readings: Sequence[Reading], read: Sequence[_ReadRun]
) -> Iterator[list[Any]]:
    """Yield the rows of each run under the readings that do not pool folds."""
    key, default = averaging_key(metric), readings[0].name
    facts = []
    for reading in readings:
        averaging = reading.choices.get(key, "")
        if not reading.pools_folds:
            facts.append(
                (
                    averaging,
                    default if averaging else reading.name,
                    (reading.name, reading.leak, reading.name == default),
                )
            )
    averagings = dict.fromkeys(averaging for averaging, *_ in facts)
    for one in read:
        place = (one.run.run.seed, one.run.run.fold)
        means = {
            averaging: [
                (name, one.means(values)) for name, values in measure_epochs(metric, one.scored, averaging).items()
            ]
            for averaging in averagings
        }
        for averaging, epochs_of, row in facts:
            epochs = one.epochs[epochs_of]
            for class_name, by_epochs in means[averaging]:
                yield [*start, class_name, *row, *place, len(epochs), *by_epochs[epochs]]


def _pooled(
    start: list[str], metric: str, readings: Sequence[Reading], read: Sequence[_ReadRun]
) -> Iterator[list[Any]]:
    """Yield a row for each seed under each reading that pools the test images of all folds."""
    by_seed: dict[int, list[_ReadRun]] = {}
    for one in read:
        by_seed.setdefault(one.run.run.seed, []).append(one)
    for reading in readings:
        for seed, folds in by_seed.items():
            chosen = [fold.columns.get(fold.epochs[reading.name][0]) for fold in folds]
            parts = [fold.scored.scores[at] for fold, at in zip(folds, chosen, strict=True) if at is not None]
            if len(parts) < len(folds):
                continue  # the row of the fold under the reading that does not pool says why
            labels = np.concatenate([fold.scored.labels for fold in folds])
            scored = ScoredEpochs(np.concatenate(parts)[None], labels, folds[0].scored.classes)
            for class_name, values in measure_epochs(metric, scored).items():
                value = None if isnan(values[0]) else float(values[0])
                reason = "undefined" if value is None else ""
                yield [*start, class_name, reading.name, reading.leak, False, seed, None, 1, value, reason]
