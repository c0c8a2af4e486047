"""Base class and types that all configuration models share."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from medattn.text_formats import has_control_characters, printable

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
    """Configuration model that rejects unknown keys, converts no types and can't be changed after validation."""

    @model_validator(mode="before")
    @classmethod
    def _without_control_characters(cls, value: Any) -> Any:
        """Refuse text that no table, figure or page can show."""
        if isinstance(value, Mapping):
            for key, entry in value.items():
                for text in entry if isinstance(entry, list) else [entry]:
                    if isinstance(text, str) and has_control_characters(text):
                        raise ValueError(f"{key}: has a control character: {printable(text)}")
        return value

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
