"""Snapshots of the attention inside a network, saved for the epoch at which the run is measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medattn.config.models.recipe import Recipe
from medattn.protocols.base import MeasurementProtocol
from medattn.training.attention_snapshots import attention_snapshot
from medattn.training.history import EpochRow
from medattn.training.loop import TrainingData, TrainingState
from medattn.training.network import AttendedNetwork
from medattn.training.run_record import write_arrays


@dataclass(frozen=True)
class _EpochsSoFar:
    """Accuracies of a run that is still in training: `EpochResults` for protocols whose epoch accuracy chooses."""

    history: Sequence[EpochRow]

    @property
    def epochs(self) -> int:
        return len(self.history)

    def on_validation(self, metric: str) -> Sequence[Fraction]:
        assert metric == "accuracy", f"{metric} is not known while a run is in training"
        return [Fraction(row.validation_correct, row.validation_images) for row in self.history]

    def on_test(self) -> Sequence[Fraction]:
        return [Fraction(row.correct, row.images) for row in self.history]

    def chosen_epochs(self) -> Sequence[int]:
        raise AssertionError("the stage `tune` chooses no epoch of a run whose accuracy does")


@dataclass(frozen=True)
class MeasuredAttention:
    """Writer of the attention of a run, for each epoch that is so far the one to measure.

    A later epoch overwrites an earlier one, so at the end of the run the file has the measured epoch. A resumed run
    writes the epochs that it trains again. If accuracy does not choose the epoch, the file has the last one.

    Attributes:
        path: the file.
        network: network in training; a snapshot leaves it in evaluation mode.
        data: images of the run.
        recipe: recipe of the run.
        protocol: measurement protocol of the run.
        images: positions of the images in the snapshot.
    """

    path: Path
    network: AttendedNetwork
    data: TrainingData
    recipe: Recipe
    protocol: MeasurementProtocol
    images: NDArray[np.int64]

    def after_epoch(self, state: TrainingState) -> None:
        """Save the attention after an epoch if this epoch is so far the one to measure."""
        if not state.history[-1].finite:
            self.path.unlink(missing_ok=True)
        elif self.is_measured(state):
            snapshot = attention_snapshot(self.network, self.data, self.recipe, self.images)
            if snapshot:
                write_arrays(self.path, {**snapshot, "epoch": np.array([len(state.history)])})

    def is_measured(self, state: TrainingState) -> bool:
        """Return whether the last epoch of `state` is so far the one to measure."""
        epoch = len(state.history)
        if not self.protocol.accuracy_chooses_epoch:
            return epoch == self.recipe.epochs
        return epoch in self.protocol.epochs_to_measure(_EpochsSoFar(state.history))
