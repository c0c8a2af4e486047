"""The protocol: how runs become a measurement. A kind for each way that a paper measures."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, TypeAdapter, model_validator

from medattn.config.models.base import Closed
from medattn.config.models.dataset import SplitName

Ties = Literal["earliest", "latest"]
TrainingSplits = Annotated[list[Literal["train", "val"]], Field(min_length=1)]
ValidationFraction = Annotated[float, Field(gt=0, le=0.5)]

_VALIDATION = (
    "share of the training images that is held out as validation images, stratified by class; where patients are "
    "known, whole patients, 1/n of them for the nearest whole n"
)


class _AnyProtocol(Closed):
    """What every protocol has."""

    kind: str
    split_seed: int = Field(0, ge=0, description="seed of every split that is drawn, the same for all arms")
    tune: Literal["once", "each"] = Field(
        "once", description="search with the first seed for all seeds (`once`), or with each seed"
    )

    @property
    def needed_epochs(self) -> int:
        """Epochs that a recipe must train at least."""
        return 1

    @property
    def chooses_epochs(self) -> bool:
        """Whether the epochs of a network are chosen by runs of their own, before the runs that are measured."""
        return False

    def leak(self, copied: bool) -> str:
        """Return what of the test images gets into a choice or into training; empty where nothing.

        Args:
            copied: whether the recipe makes copies of rare classes.
        """
        return ""


class _TrainedOnSplits(_AnyProtocol):
    """A protocol that trains on official splits and is measured on the official test images."""

    training_splits: TrainingSplits = Field(
        ["train"], description="official splits whose images are the training images"
    )

    @model_validator(mode="after")
    def _each_split_once(self) -> Self:
        _each_once(list(self.training_splits), "training_splits")
        return self


def _each_once(names: list[str], key: str) -> None:
    if len(set(names)) < len(names):
        raise ValueError(f"{key} names a split twice")


class CrossValidatedEpochs(_TrainedOnSplits):
    """Cross-validated epochs, the protocol of the GSA paper (its section 4.6).

    k-fold cross-validation on the training images ranks the epochs by their mean validation accuracy. The
    network is then trained on all training images, and its test accuracy at the `measured_epochs` best-ranked
    epochs is averaged. A grid is searched on the same folds.
    """

    kind: Literal["cross_validated_epochs"]
    folds: int = Field(5, ge=2, le=100, description="folds of the cross-validation, stratified by class")
    measured_epochs: int = Field(
        30,
        ge=1,
        description="epochs with the highest mean validation accuracy at which the test images are measured",
    )
    ties: Literal["earliest", "latest", "kept"] = Field(
        "earliest",
        description="which epoch goes first among epochs of equal mean validation accuracy; `kept`: all epochs that equal "
        "the last of `measured_epochs` are measured, which may be more",
    )
    patience: int | None = Field(
        None,
        ge=1,
        description="early stopping: epochs without a new highest mean validation accuracy after which later epochs "
        "are no candidates; then fewer epochs than `measured_epochs` may be measured; default: none",
    )

    @property
    def needed_epochs(self) -> int:
        """As many as are measured."""
        return self.measured_epochs

    @property
    def chooses_epochs(self) -> bool:
        """The cross-validation does."""
        return True

    def __str__(self) -> str:
        stop = f", stopping after {self.patience} epochs without a better one" if self.patience else ""
        stop += " and those that equal the last of them" if self.ties == "kept" else ""
        return (
            f"{self.folds}-fold cross-validation on the training images chooses {self.measured_epochs} epochs{stop}; "
            "the test images are measured at these epochs of one training on all training images"
        )


class BestValidationEpoch(_TrainedOnSplits):
    """Best validation epoch, the protocol of the PPCR paper.

    The network is trained on the training images, and the epoch that does best on the validation images is
    measured on the test images. Validation images are those of the official split `val`, unless that is among
    `training_splits` or the data set has none: then a share of the training images is held out. A grid is searched
    on the validation images, each point with its best epoch.
    """

    kind: Literal["best_validation_epoch"]
    validation_fraction: ValidationFraction = Field(0.1, description=_VALIDATION)
    chosen_by: Literal["accuracy", "auc"] = Field(
        "accuracy", description="metric on the validation images that names the epoch"
    )
    ties: Ties = Field("earliest", description="which epoch is taken among epochs that do equally well")

    def __str__(self) -> str:
        metric = {"accuracy": "accuracy", "auc": "AUC"}[self.chosen_by]
        return f"the test images are measured at the epoch of highest validation {metric}"


class FixedEpoch(_TrainedOnSplits):
    """Fixed epoch, the protocol of the OCT paper.

    The network is trained on the training images and measured on the test images after the last epoch. Nothing is
    chosen, unless an arm has a grid: that is searched at the last epoch on held-out training images.
    """

    kind: Literal["fixed_epoch"]
    validation_fraction: ValidationFraction = Field(0.1, description=f"only where an arm has a grid: {_VALIDATION}")

    def __str__(self) -> str:
        return "the test images are measured after the last epoch"


class CrossValidation(_AnyProtocol):
    """Cross-validation, the protocol of the ACNet paper.

    The images of all `splits` are pooled and divided into folds, stratified by class and by whole patients where
    they are known. For each fold a network is trained on the others and measured on that one, whose images are its
    test images. Mean and spread are over the folds; a grid is searched on held-out training images of each fold.
    """

    kind: Literal["cross_validation"]
    folds: int = Field(5, ge=2, le=100, description="folds, each of which is the test images of one training")
    splits: list[SplitName] = Field(
        ["train", "val", "test"], min_length=1, description="official splits that are pooled, where the data have them"
    )
    epoch: Literal["last", "best_on_test"] = Field(
        "last",
        description="epoch at which a fold is measured: the last, or the one of highest accuracy on the test images "
        "themselves (the earliest among equals), which leaks and is marked so wherever its numbers appear",
    )
    oversampling: Literal["training_folds", "before_split"] = Field(
        "training_folds",
        description="where images of rare classes are copied (`oversampling` of the recipe): in the training folds "
        "only, or in all images before they are split, so that copies of a test image are trained on; that is a leak "
        "and is marked in all outputs",
    )
    validation_fraction: ValidationFraction = Field(0.1, description=f"only where an arm has a grid: {_VALIDATION}")

    @model_validator(mode="after")
    def _each_split_once(self) -> Self:
        _each_once(list(self.splits), "splits")
        return self

    def leak(self, copied: bool) -> str:
        """Return what the readings `best_on_test` and `before_split` leak."""
        leaks = {
            "the test images choose the epoch": self.epoch == "best_on_test",
            "copies of test images are trained on": copied and self.oversampling == "before_split",
        }
        return "; ".join(sentence for sentence, holds in leaks.items() if holds)

    def __str__(self) -> str:
        when = "after the last epoch" if self.epoch == "last" else "at its best epoch on these very images"
        return f"each of {self.folds} folds of all images is the test images of one training, measured {when}"


AnyProtocol: TypeAlias = CrossValidatedEpochs | BestValidationEpoch | FixedEpoch | CrossValidation
Protocol: TypeAlias = Annotated[AnyProtocol, Field(discriminator="kind")]

PROTOCOLS: dict[str, type[AnyProtocol]] = {
    "cross_validated_epochs": CrossValidatedEpochs,
    "best_validation_epoch": BestValidationEpoch,
    "fixed_epoch": FixedEpoch,
    "cross_validation": CrossValidation,
}
_ADAPTER: TypeAdapter[AnyProtocol] = TypeAdapter(Protocol)


def protocol_of(settings: object) -> AnyProtocol:
    """Return the protocol that the settings of a cell hold."""
    return _ADAPTER.validate_python(settings)
