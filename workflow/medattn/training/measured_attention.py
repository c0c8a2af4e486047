"""Snapshots of the attention inside a network, saved for the epoch at which the run is measured."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medattn.config.models.recipe import Recipe
from medattn.metrics.evaluate import validation_values
from medattn.protocols.base import MeasurementProtocol, MetricValue
from medattn.training.attention_snapshots import attention_snapshot
from medattn.training.history import EpochRow
from medattn.training.loop import EpochScores, TrainingData, TrainingState
from medattn.training.network import AttendedNetwork
from medattn.training.run_record import write_arrays


class _EpochsSoFar:
    """Results of a run that is still in training: `EpochResults` for protocols whose own results choose the epoch."""

    def __init__(self, data: TrainingData) -> None:
        self._labels = data.images.labels[data.validation].cpu().numpy()
        self._history: Sequence[EpochRow] = ()
        self._scores: EpochScores = []
        self._values: dict[str, list[float]] = {}

    def update(self, state: TrainingState) -> "_EpochsSoFar":
        """Take over the epochs of a state; each epoch is evaluated once."""
        self._history, self._scores = state.history, state.scores
        return self

    @property
    def epochs(self) -> int:
        return len(self._history)

    def on_validation(self, metric: str) -> Sequence[MetricValue]:
        if metric == "accuracy":
            return [Fraction(row.validation_correct, row.validation_images) for row in self._history]
        values = self._values.setdefault(metric, [])
        for scores in self._scores[len(values) :]:
            of_validation = scores[len(scores) - len(self._labels) :].numpy()
            values += validation_values(metric, of_validation[None], self._labels)
        return values

    def on_test(self) -> Sequence[Fraction]:
        return [Fraction(row.correct, row.images) for row in self._history]

    def chosen_epochs(self) -> Sequence[int]:
        raise AssertionError("the stage `tune` chooses no epoch of a run that chooses its own")

    def first_chosen_epochs(self) -> None:
        return None

    def on_folds(self) -> None:
        return None


class MeasuredAttention:
    """Writer of the attention of a run, for each epoch that is so far the one to measure.

    A later epoch overwrites an earlier one, so at the end of the run the file has the measured epoch, or the latest of
    several. A resumed run writes the epochs that it trains again. If the run does not choose the epoch, the file has
    the last one.
    """

    def __init__(
        self,
        path: Path,
        network: AttendedNetwork,
        data: TrainingData,
        recipe: Recipe,
        protocol: MeasurementProtocol,
        images: NDArray[np.int64],
    ) -> None:
        """Prepare the writer.

        Args:
            path: the file.
            network: network in training; a snapshot leaves it in evaluation mode.
            data: images of the run.
            recipe: recipe of the run.
            protocol: measurement protocol of the run.
            images: positions of the images in the snapshot.
        """
        self._path, self._network, self._data = path, network, data
        self._recipe, self._protocol, self._images = recipe, protocol, images
        self._results = _EpochsSoFar(data)

    def after_epoch(self, state: TrainingState) -> None:
        """Save the attention after an epoch if this epoch is so far the one to measure."""
        if not state.history[-1].finite:
            self._path.unlink(missing_ok=True)
        elif self.is_measured(state):
            snapshot = attention_snapshot(self._network, self._data, self._recipe, self._images)
            if snapshot:
                write_arrays(self._path, {**snapshot, "epoch": np.array([len(state.history)])})

    def is_measured(self, state: TrainingState) -> bool:
        """Return whether the last epoch of `state` is so far the one to measure, or one of them."""
        epoch = len(state.history)
        if not self._protocol.run_chooses_epoch:
            return epoch == self._recipe.epochs
        return epoch in self._protocol.epochs_to_measure(self._results.update(state))
