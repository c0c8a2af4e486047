"""readings.csv: the value of every finished run under every reading of its protocol and of its metrics.

A run whose scores do not exist has one row for each metric, of the default reading.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medattn.measure.epochs import epochs_by_reading
from medattn.measure.measured_run import NAN_OUTPUT, MeasuredRun, class_names
from medattn.metrics.evaluate import measure_epochs
from medattn.metrics.registry import METRICS
from medattn.metrics.scored import ScoredEpochs
from medattn.plan.model import Cell, Run
from medattn.protocols.base import MeasurementProtocol
from medattn.protocols.reading import Reading
from medattn.result_tables import READINGS
from medattn.text_formats import csv_row
from medattn.tuning.epoch_results import RecordedEpochs

_NO_EPOCHS = "the runs of the folds that rank the epochs are not available"


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


Means = Mapping[tuple[int, ...], tuple[float | None, str]]
"""Mean of a metric over the epochs of each reading, or None with a reason."""


@dataclass(frozen=True)
class RunUnderReadings:
    """A finished run, measured under every reading.

    Attributes:
        run: the run.
        classes: names of the classes.
        labels: (N,) labels of the test images.
        epochs: epochs that each reading averages, by the reading's name.
        means: of each metric and average over the classes, the name of each class with its means.
        pooled: scores (N x classes) at each epoch that a reading pools with other folds; None where one is NaN.
    """

    run: Run
    classes: Sequence[str]
    labels: NDArray[np.integer]
    epochs: Mapping[str, tuple[int, ...]]
    means: Mapping[tuple[str, str], Sequence[tuple[str, Means]]]
    pooled: Mapping[int, NDArray[np.floating] | None]


def under_readings(cell: Cell, run: Run, recorded: RecordedEpochs) -> RunUnderReadings:
    """Measure a run under every reading, reading the scores of a few epochs at a time.

    Raises:
        UserError: a file of the run is missing or damaged, or lacks the scores of an epoch.
    """
    split, epochs = recorded.scores.evaluated, epochs_by_reading(cell, recorded)
    classes, protocol = class_names(cell, split.classes), cell.settings.protocol
    needed = sorted({epoch for chosen in epochs.values() for epoch in chosen})
    finite = [epoch for epoch in needed if not split.unscored[epoch - 1]]
    wanted = [
        (metric, averaging)
        for metric in cell.metrics
        for averaging in dict.fromkeys(
            reading.choices.get(averaging_key(metric), "")
            for reading in metric_readings(protocol, metric, len(classes))
            if not reading.pools_folds
        )
    ]
    found: dict[tuple[str, str], dict[str, list[float]]] = {key: {} for key in wanted}
    # Without an epoch, an empty piece names the classes.
    for _, scores in split.pieces(finite) if finite else [((), np.empty((0, split.count, split.classes), np.float32))]:
        scored = ScoredEpochs(scores, split.labels, classes)
        for metric, averaging in wanted:
            for class_name, values in measure_epochs(metric, scored, averaging).items():
                found[metric, averaging].setdefault(class_name, []).extend(values.tolist())
    columns = {epoch: position for position, epoch in enumerate(finite)}
    distinct = set(epochs.values())
    means = {
        key: [
            (name, {chosen: _mean(chosen, values, columns) for chosen in distinct}) for name, values in by_class.items()
        ]
        for key, by_class in found.items()
    }
    pooling = {epochs[reading.name][0] for reading in protocol.readings() if reading.pools_folds}
    pooled = {epoch: split.scores(epoch) if epoch in columns else None for epoch in sorted(pooling)}
    return RunUnderReadings(run, classes, split.labels, epochs, means, pooled)


def _mean(epochs: tuple[int, ...], values: Sequence[float], columns: Mapping[int, int]) -> tuple[float | None, str]:
    """Return the mean of the defined values over `epochs`, or None with a reason.

    Args:
        epochs: the epochs of a reading.
        values: values at the epochs without NaN scores.
        columns: position of each of these epochs in `values`.
    """
    if not epochs:
        return None, _NO_EPOCHS
    lost = next((epoch for epoch in epochs if epoch not in columns), None)
    if lost is not None:
        return None, NAN_OUTPUT.format(lost)
    found = [value for epoch in epochs if not isnan(value := values[columns[epoch]])]
    if not found:
        return None, "undefined"
    note = f"undefined at {len(epochs) - len(found)} of {len(epochs)} epochs" if len(found) < len(epochs) else ""
    return (float(np.mean(found)) if len(found) > 1 else found[0]), note


def reading_rows(cell: Cell, measured: Sequence[MeasuredRun], read: Sequence[RunUnderReadings]) -> Iterator[list[Any]]:
    """Yield the rows of a cell, with the columns of `READINGS`.

    Args:
        cell: the cell.
        measured: all its runs.
        read: those that finished.
    """
    protocol = cell.settings.protocol
    finished = {one.run.id for one in read}
    waiting = [run for run in measured if run.run.id not in finished]
    for metric in cell.metrics:
        start = [*astuple(cell.key), metric]
        readings = metric_readings(protocol, metric, len(read[0].classes) if read else 0)
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


def _of_metric(
    start: list[str], metric: str, readings: Sequence[Reading], read: Sequence[RunUnderReadings]
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
    for one in read:
        place = (one.run.seed, one.run.fold)
        for averaging, epochs_of, row in facts:
            epochs = one.epochs[epochs_of]
            for class_name, by_epochs in one.means[metric, averaging]:
                yield [*start, class_name, *row, *place, len(epochs), *by_epochs[epochs]]


def _pooled(
    start: list[str], metric: str, readings: Sequence[Reading], read: Sequence[RunUnderReadings]
) -> Iterator[list[Any]]:
    """Yield a row for each seed under each reading that pools the test images of all folds."""
    by_seed: dict[int, list[RunUnderReadings]] = {}
    for one in read:
        by_seed.setdefault(one.run.seed, []).append(one)
    for reading in readings:
        for seed, folds in by_seed.items():
            chosen = [fold.pooled[fold.epochs[reading.name][0]] for fold in folds]
            parts = [scores for scores in chosen if scores is not None]
            if len(parts) < len(folds):
                continue  # the row of the fold under the reading that does not pool says why
            labels = np.concatenate([fold.labels for fold in folds])
            scored = ScoredEpochs(np.concatenate(parts)[None], labels, folds[0].classes)
            for class_name, values in measure_epochs(metric, scored).items():
                value = None if isnan(values[0]) else float(values[0])
                reason = "undefined" if value is None else ""
                yield [*start, class_name, reading.name, reading.leak, False, seed, None, 1, value, reason]
