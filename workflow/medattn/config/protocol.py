"""The protocol: how runs become a measurement."""

from typing import Literal, Self

from pydantic import Field, model_validator

from medattn.config.base import Closed


class Protocol(Closed):
    """Cross-validated epochs, the protocol of the GSA paper (its section 4.6).

    k-fold cross-validation on the training images ranks the epochs by their mean validation accuracy. The
    network is then trained on all training images, and its test accuracy at the `measured_epochs` best-ranked
    epochs is averaged.
    """

    kind: Literal["cross_validated_epochs"] = Field(
        "cross_validated_epochs", description="k-fold cross-validation chooses grid point and epochs"
    )
    folds: int = Field(5, ge=2, le=100, description="folds of the cross-validation, stratified by class")
    measured_epochs: int = Field(
        30,
        ge=1,
        description="epochs with the highest mean validation accuracy at which the test images are measured",
    )
    ties: Literal["earliest", "latest"] = Field(
        "earliest", description="which epoch goes first among epochs of equal mean validation accuracy"
    )
    training_splits: list[Literal["train", "val"]] = Field(
        ["train"], min_length=1, description="official splits whose images are the training images"
    )
    tune: Literal["once", "each"] = Field(
        "once", description="cross-validate with the first seed for all seeds (`once`), or with each seed"
    )
    split_seed: int = Field(0, ge=0, description="seed of the fold assignment, the same for all arms")

    @model_validator(mode="after")
    def _each_split_once(self) -> Self:
        if len(set(self.training_splits)) < len(self.training_splits):
            raise ValueError("training_splits names a split twice")
        return self
