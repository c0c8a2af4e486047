"""Placement of block mechanisms in a network."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from medattn.closed_model import Closed, Scalar

_DEFAULTS = {"where": "every_block", "stages": None, "position": "before_addition"}


class Placement(Closed):
    """Where in the network a mechanism on the outputs of blocks is inserted."""

    where: Literal["every_block", "stage_ends"] = Field(
        "every_block",
        description="insert one mechanism for each block, or one for each stage, in its last block. A stage is all "
        "layers "
        "of one resolution. A block is a residual, inception or dense block, or the convolutions of a VGG between two "
        "pooling layers",
    )
    stages: list[Annotated[int, Field(ge=1, le=1000)]] | None = Field(
        None, min_length=1, description="stages with mechanisms, counted from 1; default: all"
    )
    position: Literal["before_addition", "after_block"] = Field(
        "before_addition",
        description="in a residual block: after its last normalization and before the addition, or after the whole "
        "block. In a block without an addition, both mean after the block",
    )
    after: list[str] | None = Field(
        None,
        min_length=1,
        description="modules after which a mechanism is inserted, by their paths in the network, such as `features.9`; "
        "works for any network and replaces the other keys",
    )

    options_at: dict[str, dict[str, Scalar]] = Field(
        {},
        description="options of the mechanism that differ at single places, by the paths of these modules "
        "(`features.9: {depth: 2}`)",
    )

    @model_validator(mode="after")
    def _paths_or_blocks(self) -> Self:
        # Compare values: a placement that was read from a plan has every key set.
        others = [key for key, value in _DEFAULTS.items() if getattr(self, key) != value]
        if self.after is not None and others:
            raise ValueError(f"after already names the insertion points; remove {others[0]}")
        for key, values in (("stages", self.stages), ("after", self.after)):
            if values is not None and len(set(values)) < len(values):
                raise ValueError(f"{key} has an entry twice")
        if self.after is not None and (elsewhere := sorted(set(self.options_at) - set(self.after))):
            raise ValueError(f"options_at names {elsewhere[0]}, which is not in 'after'")
        return self


EVERYWHERE = Placement()
"""Placement of a mechanism in every block, before the addition if the block has one."""
