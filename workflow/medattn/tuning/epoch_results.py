"""Results of a finished run at each epoch, read from its files for the protocol that chooses from them."""

from collections.abc import Sequence
from fractions import Fraction
from math import isnan, nan

import numpy as np
from safetensors import safe_open

from medattn.layout import ResultPaths
from medattn.metrics.evaluate import measure
from medattn.metrics.scored import Scored
from medattn.plan.model import Cell, Run
from medattn.plan.tuning_result import read_choice
from medattn.protocols.base import MetricValue
from medattn.provenance.records import check_output, read_record
from medattn.training.history import read_history


class RecordedEpochs:
    """Results of a finished run by epoch; implements `EpochResults`.

    Every method raises UserError where the files are missing or not those that the record names.
    """

    def __init__(self, run: Run, cell: Cell, results: ResultPaths) -> None:
        self._run, self._cell, self._results = run, cell, results
        self._files = results.run(run.cell, run.name)

    @property
    def epochs(self) -> int:
        """Number of epochs trained."""
        return int(read_record(self._files.record)["epochs"])

    def on_validation(self, metric: str) -> Sequence[MetricValue]:
        """Return a metric on the validation images at each epoch; higher is better, -1 where it is undefined.

        In the stage `tune` these are the evaluated images, in `train` further ones. Test images are not read.
        """
        record = read_record(self._files.record)
        if metric == "accuracy":
            check_output(record, self._files.history)
            return [
                Fraction(row.validation_correct, row.validation_images)
                if row.validation_images
                else Fraction(row.correct, row.images)
                for row in read_history(self._files.history)
            ]
        check_output(record, self._files.scores)
        with safe_open(self._files.scores, "numpy") as arrays:
            prefix = "validation_" if "validation_scores" in arrays.keys() else ""  # noqa: SIM118 (not a mapping)
            scores, labels = arrays.get_tensor(f"{prefix}scores"), arrays.get_tensor(f"{prefix}labels")
        classes = [str(label) for label in range(scores.shape[2])]
        values = [_value(metric, Scored(epoch, labels, classes)) for epoch in scores]
        return [-1.0 if isnan(value) else value / 100 for value in values]

    def on_test(self) -> Sequence[Fraction]:
        """Return the accuracy on the test images at each epoch of a run of the stage `train`."""
        check_output(read_record(self._files.record), self._files.history)
        return [Fraction(row.correct, row.images) for row in read_history(self._files.history)]

    def chosen_epochs(self) -> Sequence[int]:
        """Return the epochs (from 1, best first) that the stage `tune` chose for the run."""
        epochs: list[int] = read_choice(self._results, self._cell, self._run.seed, self._run.fold)["epochs"]
        return epochs


def _value(metric: str, scored: Scored) -> float:
    return nan if np.isnan(scored.scores).any() else measure(metric, scored)[0].value
