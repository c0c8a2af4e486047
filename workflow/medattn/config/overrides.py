"""Changing keys of a part of a configuration, checked as if it had been written so."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from medattn.config.validation import below, validated
from medattn.errors import UserError
from medattn.protocols.base import MeasurementProtocol
from medattn.protocols.registry import PROTOCOLS
from medattn.suggestions import unknown_name

M = TypeVar("M", bound=BaseModel)


def override(model: M, changes: Mapping[str, Any], where: str) -> M:
    """Return `model` with the keys of `changes`, which stand at `where`; mappings are merged key by key.

    Raises:
        UserError: a key or value is wrong.
    """
    return validated(type(model), _merged(model.model_dump(exclude_unset=True), changes), where)


def override_protocol(old: MeasurementProtocol, changes: Mapping[str, Any], where: str) -> MeasurementProtocol:
    """Return a protocol with some keys changed; another `kind` replaces it as a whole."""
    kind = changes.get("kind", old.kind)
    if kind == old.kind:
        return override(old, changes, where)
    if kind not in PROTOCOLS:
        raise UserError(f"{below(where, 'kind')}: {unknown_name('kind', str(kind), PROTOCOLS)}")
    return validated(PROTOCOLS[kind], changes, where)


def _merged(old: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for key, value in changes.items():
        before = merged.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            same = value.get("kind", before.get("kind")) == before.get("kind")
            merged[key] = _merged(before, value) if same else value
        else:
            merged[key] = value
    return merged
