"""Base of the protocols that train on official splits and are measured on the official test images."""

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from medattn.protocols.base import MeasurementProtocol, RunRequest, refuse_repeated


class OfficialSplitsProtocol(MeasurementProtocol):
    """A protocol that trains on official splits, once a seed."""

    split_keys: ClassVar[tuple[str, ...]] = ("split_seed", "training_splits", "validation_fraction")

    training_splits: Annotated[list[Literal["train", "val"]], Field(min_length=1)] = Field(
        ["train"], description="official splits whose images are the training images"
    )

    @model_validator(mode="after")
    def _each_split_once(self) -> Self:
        refuse_repeated(self.training_splits, "training_splits")
        return self

    def runs(self, tuning_seeds: Sequence[int], seeds: Sequence[int], points: int) -> Iterator[RunRequest]:
        """Yield a run for each grid point of an arm that has a grid; then one a seed."""
        for seed in tuning_seeds:
            for point in range(points):
                yield RunRequest("tune", seed, point=point)
        for seed in seeds:
            yield RunRequest("train", seed)
