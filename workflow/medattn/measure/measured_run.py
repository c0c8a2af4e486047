"""A finished run with its scores of the test images at the measured epochs."""

from dataclasses import dataclass

import numpy as np

from medattn.layout import ResultPaths
from medattn.measure.epochs import measured_epochs
from medattn.metrics.scored import Scored
from medattn.plan.model import Cell, Run
from medattn.provenance.records import ending
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
    """A run with its scores at the measured epochs.

    Attributes:
        run: the run.
        epochs: measured epochs, counted from 1; none if the run did not finish.
        scored: the test images with their scores, for each measured epoch.
        accuracy: accuracy in percent after every epoch, measured or not.
        reason: why the run did not finish, or why it cannot be measured.
        recorded: the results at every epoch; None if the run did not finish.
    """

    run: Run
    epochs: tuple[int, ...] = ()
    scored: tuple[Scored, ...] = ()
    accuracy: tuple[float, ...] = ()
    reason: str = ""
    recorded: RecordedEpochs | None = None

    @property
    def images(self) -> int:
        """Number of test images."""
        return len(self.scored[0].labels)


def read_measured_run(run: Run, cell: Cell, results: ResultPaths, folds: FoldAccuracies | None = None) -> MeasuredRun:
    """Read the scores of a run, or the reason why it has none.

    Args:
        run: the run.
        cell: its cell.
        results: the folder with the runs.
        folds: results of the stage `tune`, for readings that rank epochs in another way.

    Raises:
        UserError: the hash of the scores is not the one in the record.
    """
    record = ending(results.run(run.cell, run.name))
    if isinstance(record, str):
        return MeasuredRun(run, reason=record)
    recorded = RecordedEpochs(run, cell, results, folds)
    scores, labels = recorded.arrays["scores"], recorded.arrays["labels"]
    epochs = measured_epochs(cell, recorded)
    for epoch in epochs:
        if np.isnan(scores[epoch - 1]).any():
            reason = NAN_OUTPUT.format(epoch)
            return MeasuredRun(run, reason=reason, recorded=recorded)
    classes = class_names(cell, scores)
    scored = tuple(Scored(np.asarray(scores[epoch - 1]), labels, classes) for epoch in epochs)
    accuracy = tuple(float(value) for value in accuracy_percent(scores, labels))
    return MeasuredRun(run, epochs, scored, accuracy, recorded=recorded)


def class_names(cell: Cell, scores: np.ndarray) -> tuple[str, ...]:
    """Return the names of the classes of a cell; their numbers where the data set does not name them."""
    return cell.classes or tuple(str(label) for label in range(scores.shape[2]))


def accuracy_percent(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the accuracy in percent after each epoch.

    Args:
        scores: epochs x N x classes.
        labels: (N,).

    Returns:
        (epochs,) float64. Among equal scores the first class is predicted; an image with a NaN score counts as wrong.
    """
    correct = ~np.isnan(scores).any(axis=2) & (scores.argmax(axis=2) == labels)
    percent: np.ndarray = 100.0 * correct.sum(axis=1) / len(labels)
    return percent
