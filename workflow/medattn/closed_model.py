"""Base class and types that all configuration models share."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from medattn.reading import expanded_path
from medattn.text_formats import has_control_characters, printable

NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,39}$"

Name = Annotated[
    str,
    Field(
        pattern=NAME_PATTERN,
        description="at most 40 lower-case letters, digits, '_' and '-'; becomes part of file names",
    ),
]


FilePath = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(expanded_path)]
"""Path of a file or folder; `~` and environment variables are expanded."""

Scalar = bool | int | float | str


PUBLISHED_PATTERN = r"^\d{1,12}(\.\d{1,12})?$"
"""A published number with all its digits."""
MAX_CHARACTERS = 4000
"""Longest text: about a page."""
MAX_IMAGES = 100_000_000
"""Most images of a data set, a split or a class: above the largest public data sets."""
MAX_FILE = 1 << 44
"""Largest file to download, in bytes: 16 terabytes."""
MAX_SEED = 2**32 - 1
"""Largest seed that every library takes."""

ImageCount = Annotated[int, Field(le=MAX_IMAGES)]
"""Number of images. The models refuse negative numbers with the name of the split."""


class Closed(BaseModel):
    """Configuration model that rejects unknown keys, converts no types and can't be changed after validation."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, str_max_length=MAX_CHARACTERS
    )

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
