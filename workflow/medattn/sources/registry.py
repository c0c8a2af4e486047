"""The sources of this package, by kind."""

from typing import TYPE_CHECKING, Annotated, TypeAlias, Union

from pydantic import Field

import medattn.sources
from medattn.kinds import find_kinds
from medattn.sources.base import ImageSource

SOURCES: dict[str, type[ImageSource]] = find_kinds(medattn.sources, ImageSource)  # type: ignore[type-abstract]
"""Classes of sources by `kind`."""

if TYPE_CHECKING:
    AnySource: TypeAlias = ImageSource
else:
    AnySource = Annotated[Union[tuple(SOURCES.values())], Field(discriminator="kind")]  # noqa: UP007 (built here)
