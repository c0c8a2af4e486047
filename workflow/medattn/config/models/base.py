"""What every configuration model shares: unknown keys are refused, nothing can be changed after reading."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,39}$"

Name = Annotated[
    str,
    Field(
        pattern=NAME_PATTERN,
        description="at most 40 lower-case letters, digits, '_' and '-'; becomes part of file names",
    ),
]


Scalar = bool | int | float | str


class Closed(BaseModel):
    """A model that refuses unknown keys, converts nothing silently and is never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
