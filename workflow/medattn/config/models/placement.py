"""Where in a network a mechanism stands."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from medattn.closed_model import Closed, Scalar

_DEFAULTS = {"where": "every_block", "stages": None, "position": "before_addition"}


class Placement(Closed):
    """Where in a network a mechanism stands that works on the outputs of blocks."""

    where: Literal["every_block", "stage_ends"] = Field(
        "every_block",
        description="one mechanism for each block, or one for each stage, in its last block; a stage is what works at "
        "one resolution, a block a residual, inception or dense block, or VGG's convolutions between pools",
    )
    stages: list[Annotated[int, Field(ge=1)]] | None = Field(
        None, min_length=1, description="stages that get mechanisms, counted from 1; default: all"
    )
    position: Literal["before_addition", "after_block"] = Field(
        "before_addition",
        description="within a residual block: behind its last normalization, before the addition; or behind the whole "
        "block. In blocks without an addition both mean behind the block",
    )
    after: list[str] | None = Field(
        None,
        min_length=1,
        description="instead of the other keys, and for any network: the modules, by their paths in it, behind which a "
        "mechanism stands (`features.9`)",
    )

    options_at: dict[str, dict[str, Scalar]] = Field(
        {},
        description="options of the mechanism that differ at single places, by the paths of these modules "
        "(`features.9: {depth: 2}`)",
    )

    @model_validator(mode="after")
    def _paths_or_blocks(self) -> Self:
        # By value, as a placement that comes back from a plan has every key set.
        others = [key for key, value in _DEFAULTS.items() if getattr(self, key) != value]
        if self.after is not None and others:
            raise ValueError(f"after names the places itself; remove {others[0]}")
        for key, values in (("stages", self.stages), ("after", self.after)):
            if values is not None and len(set(values)) < len(values):
                raise ValueError(f"{key} names one twice")
        if self.after is not None and (elsewhere := sorted(set(self.options_at) - set(self.after))):
            raise ValueError(f"options_at names {elsewhere[0]}, behind which no mechanism stands")
        return self


EVERYWHERE = Placement()
"""A mechanism in every block, before the addition where there is one."""
