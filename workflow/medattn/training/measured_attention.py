"""Keeping the attention inside a network at the epoch at which its run is measured."""

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
    """Accuracies of a run that is still in training; implements `EpochResults` as far as accuracy chooses."""

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
    """Writes the attention of a run whenever its last epoch is the one to measure so far.

    A later epoch overwrites an earlier one, so the file holds the measured epoch once the run has ended, also after
    stops: what is trained again is written again. Where accuracy does not choose, the last epoch is kept.

    Attributes:
        path: the file.
        network: the network in training; it is left in evaluation.
        data: the images of the run.
        recipe: its recipe.
        protocol: its protocol.
        images: positions of the images that are shown to the network.
    """

    path: Path
    network: AttendedNetwork
    data: TrainingData
    recipe: Recipe
    protocol: MeasurementProtocol
    images: NDArray[np.int64]

    def after_epoch(self, state: TrainingState) -> None:
        """Keep the attention after an epoch, if that is the one to measure so far."""
        if not state.history[-1].finite:
            self.path.unlink(missing_ok=True)
        elif self.is_measured(state):
            kept = attention_snapshot(self.network, self.data, self.recipe, self.images)
            if kept:
                write_arrays(self.path, {**kept, "epoch": np.array([len(state.history)])})

    def is_measured(self, state: TrainingState) -> bool:
        """Return whether the last epoch of `state` is the one to measure so far."""
        epoch = len(state.history)
        if not self.protocol.accuracy_chooses_epoch:
            return epoch == self.recipe.epochs
        return epoch in self.protocol.epochs_to_measure(_EpochsSoFar(state.history))
