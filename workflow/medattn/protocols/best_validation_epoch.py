"""Best validation epoch: the test images are measured at the epoch that validation images choose (PPCR paper)."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Annotated, Literal, TypeAlias

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
    best_epoch_on_test,
)
from medattn.protocols.official_splits import OfficialSplitsProtocol
from medattn.protocols.reading import HIGHEST_TEST_ACCURACY, LAST_EPOCH, Reading, default_first
from medattn.sources.base import SplitName

ValidationMetric: TypeAlias = Literal["accuracy", "auc", "loss", "f1_weighted"]
TiesOrMean: TypeAlias = Ties | Literal["mean"]
_TIES: tuple[TiesOrMean, ...] = ("earliest", "latest", "mean")
# The loss is a continuous value, of which epochs do not tie.
_RULES: dict[ValidationMetric, tuple[TiesOrMean, ...]] = {
    "accuracy": _TIES,
    "auc": _TIES,
    "loss": (),
    "f1_weighted": _TIES,
}
_METRIC_WORDS = {"accuracy": "highest validation accuracy", "auc": "highest validation AUC"} | {
    "loss": "lowest validation loss",
    "f1_weighted": "highest validation F1",
}
_TIES_WORDS = {"earliest": "earliest of tied epochs", "latest": "latest of tied epochs", "mean": "mean of tied epochs"}

# Far below the smallest difference of two accuracies or areas on fewer than a million images.
_ROUNDING = 1e-12


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
    chosen_by: ValidationMetric = Field(
        "accuracy",
        description="metric on the validation images that chooses the epoch; `loss`: the lowest mean cross entropy",
    )
    ties: TiesOrMean = Field(
        "mean",
        description="which epoch is measured among epochs that do equally well; `mean`: all of them, whose values are "
        "averaged",
    )

    @property
    def validation_metric(self) -> str:
        """Metric on the validation images that chooses grid points and epochs."""
        return self.chosen_by

    @property
    def run_chooses_epoch(self) -> bool:
        """Whether the results of the run itself choose: its validation images do."""
        return True

    def __str__(self) -> str:
        return f"the test images are measured at the epoch of {_METRIC_WORDS[self.chosen_by]}"

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
        """Return the best epochs of the one run, and the metric there."""
        (run,) = runs
        values = run.on_validation(self.chosen_by)
        return _untied(_best_epochs(values), self.ties), max(values)

    def epochs_to_measure(self, run: EpochResults) -> tuple[int, ...]:
        """Return the epochs that do best on the validation images: one, or with `ties: mean` all equal ones."""
        return _untied(_best_epochs(run.on_validation(self.chosen_by)), self.ties)

    def readings(self) -> tuple[Reading, ...]:
        """Return every metric that can choose with every rule for ties, the last epoch, and the leaking choice."""
        chosen = [_reading(metric, ties) for metric, rules in _RULES.items() for ties in rules or (self.ties,)]
        return default_first([*chosen, LAST_EPOCH, HIGHEST_TEST_ACCURACY], _reading(self.chosen_by, self.ties))

    def epochs_by_reading(self, run: EpochResults) -> dict[str, tuple[int, ...]]:
        """Return the epochs that each reading averages."""
        found: dict[str, tuple[int, ...]] = {
            LAST_EPOCH.name: (run.epochs,),
            HIGHEST_TEST_ACCURACY.name: (best_epoch_on_test(run),),
        }
        for metric, rules in _RULES.items():
            best = _best_epochs(run.on_validation(metric))
            for ties in rules or (self.ties,):
                found[_reading(metric, ties).name] = _untied(best, ties)
        return found

    def _uses_official_validation(self, has_one: bool) -> bool:
        return has_one and "val" not in self.training_splits


@cache
def _reading(metric: ValidationMetric, ties: TiesOrMean) -> Reading:
    if not _RULES[metric]:
        return Reading({"protocol.chosen_by": metric}, _METRIC_WORDS[metric])
    choices = {"protocol.chosen_by": metric, "protocol.ties": ties}
    return Reading(choices, f"{_METRIC_WORDS[metric]}, {_TIES_WORDS[ties]}")


def _best_epochs(values: Sequence[MetricValue]) -> list[int]:
    """Return the epochs (from 1, ascending) with the highest value, up to the rounding of floats."""
    floats = [float(value) for value in values]  # compared faster than fractions
    least = max(floats) - _ROUNDING
    return [epoch for epoch, value in enumerate(floats, start=1) if value >= least]


def _untied(epochs: Sequence[int], ties: TiesOrMean) -> tuple[int, ...]:
    """Return one of equally good epochs, or with `mean` all."""
    return tuple(epochs) if ties == "mean" else (epochs[0 if ties == "earliest" else -1],)
