"""A finished run with its scores of the test images at the measured epochs."""

from dataclasses import dataclass

import numpy as np
from safetensors.numpy import load_file

from medattn.layout import ResultPaths
from medattn.measure.epochs import measured_epochs
from medattn.metrics.scored import Scored
from medattn.plan.model import Cell, Run
from medattn.provenance.records import check_output, ending


@dataclass(frozen=True)
class MeasuredRun:
    """A run with its scores at the measured epochs.

    Attributes:
        run: the run.
        epochs: measured epochs, counted from 1; none if the run did not finish.
        scored: the test images with their scores, for each measured epoch.
        accuracy: accuracy in percent after every epoch, measured or not.
        reason: why the run did not finish.
    """

    run: Run
    epochs: tuple[int, ...] = ()
    scored: tuple[Scored, ...] = ()
    accuracy: tuple[float, ...] = ()
    reason: str = ""

    @property
    def images(self) -> int:
        """Number of test images."""
        return len(self.scored[0].labels)


def read_measured_run(run: Run, cell: Cell, results: ResultPaths) -> MeasuredRun:
    """Read the scores of a run, or the reason why it has none.

    Raises:
        UserError: the hash of the scores is not the one in the record.
    """
    files = results.run(run.cell, run.name)
    record = ending(files)
    if isinstance(record, str):
        return MeasuredRun(run, reason=record)
    check_output(record, files.scores)
    arrays = load_file(files.scores)
    scores, labels = arrays["scores"], arrays["labels"]
    epochs = measured_epochs(run, cell, results)
    for epoch in epochs:
        if np.isnan(scores[epoch - 1]).any():
            return MeasuredRun(run, reason=f"the network outputs NaN after epoch {epoch}, which is measured")
    classes = cell.classes or tuple(str(label) for label in range(scores.shape[2]))
    scored = tuple(Scored(np.asarray(scores[epoch - 1]), labels, classes) for epoch in epochs)
    return MeasuredRun(run, epochs, scored, tuple(float(value) for value in accuracy_percent(scores, labels)))


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
