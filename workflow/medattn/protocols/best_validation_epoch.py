"""Best validation epoch: the test images are measured at the epoch that validation images choose (PPCR paper)."""

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
    Ties,
)
from medattn.protocols.official_splits import OfficialSplitsProtocol
from medattn.sources.base import SplitName


class BestValidationEpoch(OfficialSplitsProtocol):
    """Best validation epoch, the protocol of the PPCR paper.

    The network is trained on the training images, and the epoch that does best on the validation images is
    measured on the test images. Validation images are those of the official split `val`, unless that is among
    `training_splits` or the data set has none: then a share of the training images is held out. A grid is searched
    on the validation images, each point with its best epoch.

    Open choices: the validation images (`training_splits`, `validation_fraction`, `split_seed`), the metric that
    chooses (`chosen_by`), and which of equally good epochs is taken (`ties`).
    """

    kind: Literal["best_validation_epoch"]
    validation_fraction: Annotated[float, Field(gt=0, le=0.5)] = Field(0.1, description=VALIDATION_SHARE)
    chosen_by: Literal["accuracy", "auc"] = Field(
        "accuracy", description="metric on the validation images that chooses the epoch"
    )
    ties: Ties = Field("earliest", description="which epoch is taken among epochs that do equally well")

    @property
    def validation_metric(self) -> str:
        """Metric on the validation images that chooses grid points and epochs."""
        return self.chosen_by

    @property
    def accuracy_chooses_epoch(self) -> bool:
        """Whether the validation accuracy chooses."""
        return self.chosen_by == "accuracy"

    def __str__(self) -> str:
        metric = {"accuracy": "accuracy", "auc": "AUC"}[self.chosen_by]
        return f"the test images are measured at the epoch of highest validation {metric}"

    def split(self, images: DivisibleImages[P], stage: Stage, fold: int | None) -> Division[P]:
        """Return training and validation images; in `train`, the test images are evaluated as well."""
        training = images.of_splits(self.training_splits)
        if self._uses_official_validation(images.has_split("val")):
            validation = images.of_splits(["val"])
        else:
            training, validation = images.hold_out(training, self.validation_fraction)
        if stage == "tune":
            return Division(training, validation, "validation")
        return Division(training, images.test(), "test", validation)

    def folds_needed(self, tuned: bool, splits: Collection[SplitName]) -> FoldsNeeded | None:
        """Return the folds of which the first becomes the validation images, where none are official."""
        if self._uses_official_validation("val" in splits):
            return None
        return FoldsNeeded("validation_fraction", round(1 / self.validation_fraction), self.training_splits)

    def choose(self, runs: Sequence[EpochResults]) -> tuple[tuple[int, ...], MetricValue]:
        """Return the best epoch of the one run, and the metric there."""
        (run,) = runs
        epoch, value = self._best(run)
        return (epoch,), value

    def epochs_to_measure(self, run: EpochResults) -> tuple[int, ...]:
        """Return the epoch that does best on the validation images."""
        return (self._best(run)[0],)

    def _best(self, run: EpochResults) -> tuple[int, MetricValue]:
        values = run.on_validation(self.chosen_by)
        highest = max(values)
        epochs = [epoch for epoch, value in enumerate(values, start=1) if value == highest]
        return epochs[0 if self.ties == "earliest" else -1], highest

    def _uses_official_validation(self, has_one: bool) -> bool:
        return has_one and "val" not in self.training_splits
