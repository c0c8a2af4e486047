"""A finished run as it is measured: its scores of the test images at the measured epochs."""

from dataclasses import dataclass

import numpy as np
from safetensors.numpy import load_file

from medattn.layout import ResultPaths
from medattn.measure.accuracy import accuracy_percent
from medattn.measure.epochs import measured_epochs
from medattn.metrics.scored import Scored
from medattn.plan.model import Cell, Run
from medattn.provenance.records import check_output, ending


@dataclass(frozen=True)
class MeasuredRun:
    """A run with its scores at the measured epochs.

    Attributes:
        run: the run.
        epochs: measured epochs, counted from 1; none if the run did not end well.
        scored: the test images with their scores, for each measured epoch.
        accuracy: accuracy in percent after every epoch, measured or not.
        reason: why it did not end well.
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
    """Read the scores of a run, or why there are none.

    Raises:
        UserError: the scores are not those that the record names.
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
            return MeasuredRun(run, reason=f"the network puts out no numbers after epoch {epoch}, which is measured")
    classes = cell.classes or tuple(str(label) for label in range(scores.shape[2]))
    scored = tuple(Scored(np.asarray(scores[epoch - 1]), labels, classes) for epoch in epochs)
    return MeasuredRun(run, epochs, scored, tuple(float(value) for value in accuracy_percent(scores, labels)))
