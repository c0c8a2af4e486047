"""readings.csv: the value of every finished run under every reading of its protocol and of its metrics.

A run whose scores do not exist has one row for each metric, of the default reading.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from math import isnan

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
from medattn.tuning.epoch_results import RecordedEpochs, RunsTogether

_NO_EPOCHS = "the runs that choose the epochs under this reading are not available"


def metric_readings(protocol: MeasurementProtocol, metric: str, classes: int | None = None) -> list[Reading]:
    """Return the readings of a metric: the protocol's, the default one first, then each with every other average.

    Args:
        protocol: the protocol of the cell.
        metric: name of the metric.
        classes: number of classes of the data set; None for the averages that any number has.
    """
    readings = protocol.readings()
    key = averaging_key(metric)
    others = [
        replace(
            reading,
            choices={**reading.choices, key: name},
            title=f"{reading.title}, {METRICS[metric].averagings[name].title}",
        )
        for name in _averagings(metric, classes)
        for reading in readings
    ]
    return [*readings, *others]


def _averagings(metric: str, classes: int | None) -> list[str]:
    """Return the names of the other averages that a data set with a number of classes has."""
    found = METRICS[metric].averagings.items()
    return [name for name, averaging in found if classes is None or averaging.fits(classes)]


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


def under_readings(cell: Cell, runs: Sequence[tuple[Run, RecordedEpochs]]) -> list[RunUnderReadings]:
    """Measure runs under every reading. Runs on the same images are measured together, which is faster.

    Raises:
        UserError: a file of a run is missing or damaged, or lacks the scores of an epoch.
    """
    if len(runs) > 1:
        RunsTogether([recorded for _, recorded in runs])
    chosen = [_ChosenEpochs(cell, run, recorded) for run, recorded in runs]
    if len({one.labels.tobytes() for one in chosen}) == 1:
        return _measured(cell, chosen)
    return [found for one in chosen for found in _measured(cell, [one])]


class _ChosenEpochs:
    """The epochs of a run that its readings measure: those of each reading, and all that have no NaN score."""

    def __init__(self, cell: Cell, run: Run, recorded: RecordedEpochs) -> None:
        self.run, self.split = run, recorded.scores.evaluated
        self.by_reading, self.labels = epochs_by_reading(cell, recorded), self.split.labels
        needed = sorted({epoch for chosen in self.by_reading.values() for epoch in chosen})
        self.finite = [epoch for epoch in needed if not self.split.unscored[epoch - 1]]


def _measured(cell: Cell, runs: Sequence[_ChosenEpochs]) -> list[RunUnderReadings]:
    """Return runs on the same test images under every reading."""
    classes, protocol = class_names(cell, runs[0].split.classes), cell.settings.protocol
    series: dict[tuple[str, str, str], list[float]] = {}
    for scores in _pieces(runs):
        scored = ScoredEpochs(scores, runs[0].labels, classes)
        for metric in cell.metrics:
            for averaging in ("", *_averagings(metric, len(classes))):
                for class_name, values in measure_epochs(metric, scored, averaging).items():
                    series.setdefault((metric, averaging, class_name), []).extend(values.tolist())
    table = np.array(list(series.values()), dtype=np.float64)
    found, start = [], 0
    for one in runs:
        columns = {epoch: start + position for position, epoch in enumerate(one.finite)}
        start += len(one.finite)
        by_epochs = {chosen: _means(chosen, table, columns) for chosen in set(one.by_reading.values())}
        means: dict[tuple[str, str], list[tuple[str, Means]]] = {}
        for place, (metric, averaging, class_name) in enumerate(series):
            of_class = {chosen: values[place] for chosen, values in by_epochs.items()}
            means.setdefault((metric, averaging), []).append((class_name, of_class))
        pooling = {one.by_reading[reading.name][0] for reading in protocol.readings() if reading.pools_folds}
        pooled = {epoch: one.split.scores(epoch) if epoch in columns else None for epoch in sorted(pooling)}
        found.append(RunUnderReadings(one.run, classes, one.labels, one.by_reading, means, pooled))
    return found


def _pieces(runs: Sequence[_ChosenEpochs]) -> Iterator[NDArray[np.floating]]:
    """Yield the scores at the finite epochs of all runs, in parts that fit into the memory: epochs x N x classes.

    Without an epoch, an empty piece names the classes.
    """
    if len(runs) == 1 and len(runs[0].finite) > 1:
        yield from (scores for _, scores in runs[0].split.pieces(runs[0].finite))
        return
    parts = [one.split.scores_of(one.finite) for one in runs if one.finite]
    split = runs[0].split
    scores = np.concatenate(parts) if parts else np.empty((0, split.count, split.classes), np.float32)
    # NumPy sums the values of a single epoch in another order.
    yield np.repeat(scores, 2, axis=0) if len(scores) == 1 else scores


def _means(
    epochs: tuple[int, ...], series: NDArray[np.float64], columns: Mapping[int, int]
) -> list[tuple[float | None, str]]:
    """Return the mean of the defined values of each metric over `epochs`, or None with a reason.

    Args:
        epochs: the epochs of a reading.
        series: values of each metric at the epochs without NaN scores, metrics x epochs.
        columns: position of each of these epochs in `series`.
    """
    if not epochs:
        return [(None, _NO_EPOCHS)] * len(series)
    lost = next((epoch for epoch in epochs if epoch not in columns), None)
    if lost is not None:
        return [(None, NAN_OUTPUT.format(lost))] * len(series)
    chosen = series[:, [columns[epoch] for epoch in epochs]]
    if not np.isnan(chosen).any():
        return [(value, "") for value in chosen.mean(axis=1).tolist()]
    return [_mean_of_defined(values[~np.isnan(values)], len(epochs)) for values in chosen]


def _mean_of_defined(defined: NDArray[np.float64], count: int) -> tuple[float | None, str]:
    if not len(defined):
        return None, "undefined"
    note = f"undefined at {count - len(defined)} of {count} epochs" if len(defined) < count else ""
    return float(defined.mean()), note


def reading_lines(cell: Cell, measured: Sequence[MeasuredRun], read: Sequence[RunUnderReadings]) -> Iterator[str]:
    """Yield the rows of a cell as lines of CSV, with the columns of `READINGS`.

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
            yield _line([*start, "", readings[0].name, readings[0].leak, True, *place, None, None, run.reason])
        yield from _of_metric(start, metric, readings, read)
        yield from _pooled(start, metric, [reading for reading in readings if reading.pools_folds], read)


def readings_text(lines: Sequence[str]) -> str:
    """Return the lines of all cells with the heading."""
    return "\n".join([_line(READINGS.columns), *lines, ""])


def _line(values: Sequence[object]) -> str:
    """Return values as a line of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(csv_row(values))
    return text.getvalue()


def _of_metric(
    start: list[str], metric: str, readings: Sequence[Reading], read: Sequence[RunUnderReadings]
) -> Iterator[str]:
    """Yield the lines of each run under the readings that do not pool folds."""
    default = readings[0].name
    facts = [
        (_averaging(reading, metric), _of_protocol(reading, metric), [reading.name, reading.leak])
        for reading in readings
        if not reading.pools_folds
    ]

    # Quoting takes longer than measuring, and all runs of a cell share the head of a line.
    heads: dict[tuple[str, str], str] = {}
    for one in read:
        fold = "" if one.run.fold is None else one.run.fold
        for averaging, epochs_of, names in facts:
            epochs = one.epochs[epochs_of]
            place = f"{one.run.seed},{fold},{len(epochs)}"
            for class_name, by_epochs in one.means[metric, averaging]:
                head = heads.get((names[0], class_name))
                if head is None:
                    head = _line([*start, class_name, *names, not averaging and epochs_of == default])
                    heads[names[0], class_name] = head
                value, reason = by_epochs[epochs]
                if reason:
                    yield f"{head},{place},{_line([value, reason])}"
                else:
                    yield f"{head},{place},{value!r},"


def _averaging(reading: Reading, metric: str) -> str:
    """Return the average over the classes that a reading takes; empty for the metric's own."""
    return reading.choices.get(averaging_key(metric), "")


def _of_protocol(reading: Reading, metric: str) -> str:
    """Return the name of the reading of the protocol that a reading combines with an average."""
    key = averaging_key(metric)
    return replace(reading, choices={name: value for name, value in reading.choices.items() if name != key}).name


def _pooled(
    start: list[str], metric: str, readings: Sequence[Reading], read: Sequence[RunUnderReadings]
) -> Iterator[str]:
    """Yield a line for each seed under each reading that pools the test images of all folds."""
    by_seed: dict[int, list[RunUnderReadings]] = {}
    for one in read:
        by_seed.setdefault(one.run.seed, []).append(one)
    for reading in readings:
        epochs_of = _of_protocol(reading, metric)
        for seed, folds in by_seed.items():
            chosen = [fold.pooled[fold.epochs[epochs_of][0]] for fold in folds]
            parts = [scores for scores in chosen if scores is not None]
            if len(parts) < len(folds):
                continue  # the row of the fold under the reading that does not pool says why
            labels = np.concatenate([fold.labels for fold in folds])
            scored = ScoredEpochs(np.concatenate(parts)[None], labels, folds[0].classes)
            for class_name, values in measure_epochs(metric, scored, _averaging(reading, metric)).items():
                value = None if isnan(values[0]) else float(values[0])
                reason = "undefined" if value is None else ""
                yield _line([*start, class_name, reading.name, reading.leak, False, seed, None, 1, value, reason])
