"""Overriding single keys of a configuration model, with the result validated like a file."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from medattn.config.validation import below, validated
from medattn.errors import UserError
from medattn.protocols.base import MeasurementProtocol
from medattn.protocols.registry import PROTOCOLS
from medattn.suggestions import unknown_name

M = TypeVar("M", bound=BaseModel)


def override_keys(model: M, changes: Mapping[str, Any], where: str) -> M:
    """Return `model` with the keys of `changes` overridden; mappings are merged key by key.

    Args:
        model: the configuration model.
        changes: new values by key.
        where: file and path of `changes`.

    Raises:
        UserError: a key or value is invalid.
    """
    return validated(type(model), _merged(model.model_dump(exclude_unset=True), changes), where)


def override_protocol_keys(old: MeasurementProtocol, changes: Mapping[str, Any], where: str) -> MeasurementProtocol:
    """Return a protocol with keys overridden as by `override_keys`; another `kind` replaces the whole protocol."""
    kind = changes.get("kind", old.kind)
    if kind == old.kind:
        return override_keys(old, changes, where)
    if kind not in PROTOCOLS:
        raise UserError(f"{below(where, 'kind')}: {unknown_name('kind', str(kind), PROTOCOLS)}")
    return validated(PROTOCOLS[kind], changes, where)


def differing_keys(key: str, before: object, after: object) -> Iterator[str]:
    """Yield the keys, from `key` down, under which two values differ."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from differing_keys(f"{key}.{name}", before.get(name), after.get(name))
    elif before != after:
        yield key


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
