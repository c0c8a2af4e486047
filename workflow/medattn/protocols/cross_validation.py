"""Cross-validation: each fold of all images is the test images of one training (ACNet paper)."""

from collections.abc import Collection, Iterator, Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from medattn.protocols.base import (
    VALIDATION_SHARE,
    DivisibleImages,
    Division,
    EpochResults,
    FoldsNeeded,
    MeasurementProtocol,
    MetricValue,
    P,
    RunRequest,
    Stage,
    best_epoch_on_test,
    last_epoch,
    refuse_repeated,
)
from medattn.protocols.reading import TEST_IMAGES_CHOOSE, Reading, default_first
from medattn.sources.base import SplitName


class CrossValidation(MeasurementProtocol):
    """Cross-validation, the protocol of the ACNet paper.

    The images of all `splits` are pooled and divided into folds, stratified by class and by whole patients where
    they are known. For each fold a network is trained on the others and measured on that one, whose images are its
    test images. Mean and spread are over the folds; a grid is searched on held-out training images of each fold.

    Open choices: the folds (`split_seed`), the epoch that is measured (`epoch`), and whether images are copied before
    or after they are divided (`oversampling`).
    """

    column_title: ClassVar[str] = "Folds"
    split_keys: ClassVar[tuple[str, ...]] = ("folds", "split_seed", "splits", "validation_fraction", "oversampling")
    tunes_each_fold: ClassVar[bool] = True
    spares_test_split: ClassVar[bool] = False

    kind: Literal["cross_validation"]
    folds: int = Field(5, ge=2, le=100, description="folds, each of which is the test images of one training")
    splits: list[SplitName] = Field(
        ["train", "val", "test"], min_length=1, description="official splits that are pooled, where the data have them"
    )
    epoch: Literal["last", "best_on_test"] = Field(
        "last",
        description="epoch at which a fold is measured: the last, or the one of highest accuracy on the test images "
        "themselves (the earliest among equals), which leaks and is marked in all outputs",
    )
    oversampling: Literal["training_folds", "before_split"] = Field(
        "training_folds",
        description="where images of rare classes are copied (`oversampling` of the recipe): in the training folds "
        "only, or in all images before they are split: then copies of test images are trained on, which is a leak "
        "and is marked in all outputs",
    )
    validation_fraction: Annotated[float, Field(gt=0, le=0.5)] = Field(
        0.1, description=f"only where an arm has a grid: {VALIDATION_SHARE}"
    )

    @model_validator(mode="after")
    def _each_split_once(self) -> Self:
        refuse_repeated(self.splits, "splits")
        return self

    @property
    def tested_folds(self) -> int | None:
        """Number of folds."""
        return self.folds

    def leak(self, copied: bool) -> str:
        """Say what the readings `best_on_test` and `before_split` leak."""
        leaks = {
            TEST_IMAGES_CHOOSE: self.epoch == "best_on_test",
            "copies of test images are trained on": copied and self.oversampling == "before_split",
        }
        return "; ".join(sentence for sentence, holds in leaks.items() if holds)

    @property
    def run_chooses_epoch(self) -> bool:
        """Whether the accuracy on the test images chooses, which leaks."""
        return self.epoch == "best_on_test"

    def __str__(self) -> str:
        when = "after the last epoch" if self.epoch == "last" else "at its best epoch on these very images"
        return f"each of {self.folds} folds of all images is the test images of one training, measured {when}"

    def runs(self, tuning_seeds: Sequence[int], seeds: Sequence[int], points: int) -> Iterator[RunRequest]:
        """Yield, for each fold, a run for each grid point of an arm that has a grid; then one a seed and fold."""
        for seed in tuning_seeds:
            for fold in range(self.folds):
                for point in range(points):
                    yield RunRequest("tune", seed, fold, point)
        for seed in seeds:
            for fold in range(self.folds):
                yield RunRequest("train", seed, fold)

    def split(self, images: DivisibleImages[P], stage: Stage, fold: int | None) -> Division[P]:
        """Return, in `train`, all folds but one, and that one; in `tune`, the former and the share that is held out."""
        assert fold is not None
        pool = images.of_splits(self.splits)
        copied = images.oversampled and self.oversampling == "before_split"
        if copied:  # once for all folds and seeds
            pool = images.with_copies(pool, self.split_seed)
        training, test = images.leave_out_fold(pool, self.folds, fold)
        if stage == "train":
            return Division(training, test, "test")
        # Under the leaking reading, copies count as images of other patients, so patients are not kept whole.
        held_out = images.hold_out(training, self.validation_fraction, whole_patients=not copied)
        return Division(*held_out, "validation")

    def folds_needed(self, tuned: bool, splits: Collection[SplitName]) -> FoldsNeeded | None:
        """Return the folds."""
        return FoldsNeeded("folds", self.folds, self.splits)

    def choose(self, runs: Sequence[EpochResults]) -> tuple[tuple[int, ...], MetricValue]:
        """Return the last epoch of the one run, and its accuracy."""
        return last_epoch(runs)

    def epochs_to_measure(self, run: EpochResults) -> tuple[int, ...]:
        """Return the last epoch, or under the reading `best_on_test` the one of highest accuracy on the test images."""
        return (run.epochs if self.epoch == "last" else best_epoch_on_test(run),)

    def readings(self) -> tuple[Reading, ...]:
        """Return both epochs, each with the mean over the folds and with the test images of all folds pooled."""
        every = [_reading(epoch, pooled) for epoch in ("last", "best_on_test") for pooled in (False, True)]
        return default_first(every, _reading(self.epoch, pooled=False))

    def epochs_by_reading(self, run: EpochResults) -> dict[str, tuple[int, ...]]:
        """Return the one epoch that each reading measures in each fold."""
        best = best_epoch_on_test(run)
        return {reading.name: (best if reading.leak else run.epochs,) for reading in self.readings()}


def _reading(epoch: str, pooled: bool) -> Reading:
    when = "last epoch" if epoch == "last" else "highest test accuracy of each fold"
    return Reading(
        {"protocol.epoch": epoch, "protocol.test_images": "pooled" if pooled else "by_fold"},
        f"{when}, {'test images of all folds pooled' if pooled else 'mean of the folds'}",
        leak=TEST_IMAGES_CHOOSE if epoch == "best_on_test" else "",
        pools_folds=pooled,
    )
