"""Fixed epoch: the test images are measured after the last epoch (OCT paper)."""

from collections.abc import Collection, Sequence
from typing import Annotated, Literal

from pydantic import Field

from medattn.protocols.base import (
    VALIDATION_SHARE,
    DivisibleImages,
    Division,
    EpochResults,
    FoldsNeeded,
    MetricValue,
    P,
    Stage,
    best_epoch_on_test,
    last_epoch,
)
from medattn.protocols.official_splits import OfficialSplitsProtocol
from medattn.protocols.reading import HIGHEST_TEST_ACCURACY, LAST_EPOCH, Reading
from medattn.sources.base import SplitName

_AVERAGED = 5
_LAST_EPOCHS = Reading({"protocol.epoch": f"last_{_AVERAGED}"}, f"mean of the last {_AVERAGED} epochs")


class FixedEpoch(OfficialSplitsProtocol):
    """Fixed epoch, the protocol of the OCT paper.

    The network is trained on the training images and measured on the test images after the last epoch. Nothing is
    chosen, unless an arm has a grid: that is searched at the last epoch on held-out training images.

    Open choices: the training images (`training_splits`), and the held-out images of a grid (`validation_fraction`,
    `split_seed`).
    """

    kind: Literal["fixed_epoch"]
    validation_fraction: Annotated[float, Field(gt=0, le=0.5)] = Field(
        0.1, description=f"only where an arm has a grid: {VALIDATION_SHARE}"
    )

    def __str__(self) -> str:
        return "the test images are measured after the last epoch"

    def split(self, images: DivisibleImages[P], stage: Stage, fold: int | None) -> Division[P]:
        """Return, in `tune`, training images and the share that is held out; else training and test images."""
        training = images.of_splits(self.training_splits)
        if stage == "train":
            return Division(training, images.test(), "test")
        return Division(*images.hold_out(training, self.validation_fraction), "validation")

    def folds_needed(self, tuned: bool, splits: Collection[SplitName]) -> FoldsNeeded | None:
        """Return the folds of which the first is held out where an arm has a grid."""
        if not tuned:
            return None
        return FoldsNeeded("validation_fraction", round(1 / self.validation_fraction), self.training_splits)

    def choose(self, runs: Sequence[EpochResults]) -> tuple[tuple[int, ...], MetricValue]:
        """Return the last epoch of the one run, and its accuracy."""
        return last_epoch(runs)

    def epochs_to_measure(self, run: EpochResults) -> tuple[int, ...]:
        """Return the last epoch."""
        return (run.epochs,)

    def readings(self) -> tuple[Reading, ...]:
        """Return the last epoch, the mean over the last epochs, and the epoch of highest test accuracy."""
        return (LAST_EPOCH, _LAST_EPOCHS, HIGHEST_TEST_ACCURACY)

    def epochs_by_reading(self, run: EpochResults) -> dict[str, tuple[int, ...]]:
        """Return the epochs that each reading averages."""
        return {
            LAST_EPOCH.name: (run.epochs,),
            _LAST_EPOCHS.name: tuple(range(max(1, run.epochs - _AVERAGED + 1), run.epochs + 1)),
            HIGHEST_TEST_ACCURACY.name: (best_epoch_on_test(run),),
        }
