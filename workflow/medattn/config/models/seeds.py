"""The seeds of a selection: a plain list, or numbers of seeds that are declared ahead as looks."""

import itertools
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from medattn.closed_model import MAX_SEED, Closed

MAX_SEEDS = 1000
"""Maximum number of seeds of a list or look: ten times what a significance of 0.001 needs."""


class SeedLooks(Closed):
    """Looks: numbers of seeds, declared ahead, at which verdicts may be given.

    A look of n trains the seeds 0 to n - 1. The significance level is split evenly over the looks, so that stopping at
    any of them keeps the error rate. docs/next-run.md shows how to use looks.
    """

    looks: list[Annotated[int, Field(ge=2, le=MAX_SEEDS)]] = Field(
        min_length=1, max_length=10, description="numbers of seeds, ascending, at least two of them"
    )
    upto: int | None = Field(None, validate_default=True, description="look that is trained; default: the first")
    cells: dict[str, int] = Field(
        {},
        description="looks of single cells, by their names such as `ppcr.medmnist.breastmnist.resnet18.ppcr`, where "
        "they differ from `upto`; `medattn next --write` sets them",
    )
    pilot_sd: float | None = Field(
        None,
        gt=0,
        le=100,
        description="standard deviation of the difference of two arms between seeds in percentage points, from earlier "
        "runs; `medattn plan`, `power` and `next` use it until runs are measured",
    )

    @field_validator("upto")
    @classmethod
    def _first_by_default(cls, upto: int | None, info: ValidationInfo) -> int | None:
        looks: list[int] = info.data.get("looks", [])
        return looks[0] if upto is None and looks else upto

    @model_validator(mode="after")
    def _declared_ahead(self) -> Self:
        looks = self.looks
        if len(looks) == 1:
            raise ValueError(f"`looks` has a single look; for a fixed number of seeds, list them: {_listed(looks[0])}")
        if any(later <= earlier for earlier, later in itertools.pairwise(looks)):
            raise ValueError(f"`looks` must be ascending, each look once, not {looks}")
        for key, look in [("upto", self.upto), *((f"cells.{cell}", look) for cell, look in self.cells.items())]:
            if look is not None and look not in looks:
                raise ValueError(f"`{key}` must be one of the looks {', '.join(map(str, looks))}, not {look}")
        return self

    @property
    def current(self) -> int:
        """The look that is trained."""
        return self.upto or self.looks[0]

    @property
    def following(self) -> int | None:
        """The look after the current one; None after the last."""
        return next((look for look in self.looks if look > self.current), None)


def _listed(count: int) -> str:
    return f"`seeds: {list(range(count))}`" if count <= 10 else f"`seeds: [0, 1, ..., {count - 1}]`"


def _form(value: object) -> str:
    return "looks" if isinstance(value, (Mapping, SeedLooks)) else "list"


SeedList = Annotated[list[Annotated[int, Field(le=MAX_SEED)]], Field(min_length=1, max_length=MAX_SEEDS)]
Seeds = Annotated[Annotated[SeedList, Tag("list")] | Annotated[SeedLooks, Tag("looks")], Discriminator(_form)]
"""A list of seeds, or looks."""
