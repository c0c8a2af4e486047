"""The protocols of this package, by kind."""

from typing import TYPE_CHECKING, Annotated, TypeAlias, Union

from pydantic import Field, TypeAdapter

import medattn.protocols
from medattn.kinds import find_kinds
from medattn.protocols.base import MeasurementProtocol

PROTOCOLS: dict[str, type[MeasurementProtocol]] = find_kinds(medattn.protocols, MeasurementProtocol)  # type: ignore[type-abstract]
"""Classes of protocols by `kind`."""

if TYPE_CHECKING:
    AnyProtocol: TypeAlias = MeasurementProtocol
else:
    AnyProtocol = Annotated[Union[tuple(PROTOCOLS.values())], Field(discriminator="kind")]  # noqa: UP007 (built here)

_ADAPTER: TypeAdapter[MeasurementProtocol] = TypeAdapter(AnyProtocol)


def protocol_of(settings: object) -> MeasurementProtocol:
    """Return the protocol that the settings of a cell hold."""
    return _ADAPTER.validate_python(settings)
