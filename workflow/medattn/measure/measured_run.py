"""A finished run with the values of its metrics at the measured epochs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from medattn.layout import ResultPaths
from medattn.measure.epochs import measured_epochs
from medattn.metrics.evaluate import Value, measure
from medattn.metrics.scored import Scored
from medattn.plan.model import Cell, Run
from medattn.provenance.records import ending
from medattn.training.score_file import ScoredSplit
from medattn.tuning.epoch_results import FoldAccuracies, RecordedEpochs

NAN_OUTPUT = "the network outputs NaN after epoch {}, which is measured"
"""Reason why a run has no value."""


def has_diverged(reason: str) -> bool:
    """Return whether a run without a value, or one of its folds, has ended: its training diverged.

    Args:
        reason: why the run or the cross-validation has no value.
    """
    return "diverged: " in reason or NAN_OUTPUT.partition("{")[0] in reason


@dataclass(frozen=True)
class MeasuredRun:
    """A run with the values of its metrics at the measured epochs. Its scores are read for one epoch at a time.

    Attributes:
        run: the run.
        epochs: measured epochs, counted from 1; none if the run did not finish.
        images: number of test images; 0 if there is no value.
        values: values of each metric, for each measured epoch.
        last: the test images at the last measured epoch, for a fold, whose images are measured with other folds' too.
        accuracy: accuracy in percent after every epoch, measured or not.
        reason: why the run did not finish, or why it cannot be measured.
        is_finished: whether the run finished.
        recorded: the results at every epoch; None if the run did not finish, or where they are not kept in memory.
    """

    run: Run
    epochs: tuple[int, ...] = ()
    images: int = 0
    values: Mapping[str, Sequence[Sequence[Value]]] = field(default_factory=dict)
    last: Scored | None = None
    accuracy: tuple[float, ...] = ()
    reason: str = ""
    is_finished: bool = False
    recorded: RecordedEpochs | None = None


def read_measured_run(run: Run, cell: Cell, results: ResultPaths, folds: FoldAccuracies | None = None) -> MeasuredRun:
    """Measure a run, or give the reason why it has no value.

    Args:
        run: the run.
        cell: its cell.
        results: the folder with the runs.
        folds: results of the stage `tune`, for readings that rank epochs in another way.

    Raises:
        UserError: the hash of the scores is not the one in the record.
    """
    record = ending(results.run(run.folder, run.name))
    if isinstance(record, str):
        return MeasuredRun(run, reason=cell.missing or record)
    recorded = RecordedEpochs(run, cell, results, folds)
    split, epochs = recorded.scores.evaluated, measured_epochs(cell, recorded)
    values: dict[str, list[Sequence[Value]]] = {metric: [] for metric in cell.metrics}
    scored = None
    for epoch in epochs:
        scored = scored_at(cell, split, epoch)
        if scored is None:
            return MeasuredRun(run, reason=NAN_OUTPUT.format(epoch), is_finished=True, recorded=recorded)
        for metric in cell.metrics:
            values[metric].append(measure(metric, scored))
    accuracy = tuple(float(value) for value in 100.0 * np.array(split.correct) / split.count)
    last = None if run.fold is None else scored
    return MeasuredRun(run, epochs, split.count, values, last, accuracy, is_finished=True, recorded=recorded)


def last_scores(run: Run, cell: Cell, results: ResultPaths) -> Scored | str:
    """Return the test images with their scores at the last measured epoch, or why there are none; raises as above."""
    record = ending(results.run(run.folder, run.name))
    if isinstance(record, str):
        return record
    recorded = RecordedEpochs(run, cell, results)
    epochs = measured_epochs(cell, recorded)
    for epoch in epochs:
        if recorded.scores.evaluated.unscored[epoch - 1]:
            return NAN_OUTPUT.format(epoch)
    scored = scored_at(cell, recorded.scores.evaluated, epochs[-1])
    assert scored is not None
    return scored


def scored_at(cell: Cell, split: ScoredSplit, epoch: int) -> Scored | None:
    """Return the images of a split with their scores after an epoch; None if a score is NaN."""
    scores = split.scores(epoch)
    return None if np.isnan(scores).any() else Scored(scores, split.labels, class_names(cell, split.classes))


def class_names(cell: Cell, count: int) -> tuple[str, ...]:
    """Return the names of the classes of a cell; their numbers where the data set does not name them."""
    return cell.classes or tuple(str(label) for label in range(count))
