"""Differences between two sets of settings, key by key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """A key with different values; None means that the key is missing."""

    key: str
    before: Any
    after: Any

    def __str__(self) -> str:
        """Format the difference as `recipe.epochs: 30, now 40`."""
        return f"{self.key}: {_text(self.before)}, now {_text(self.after)}"


def differences(before: Any, after: Any, key: str = "") -> Iterator[Difference]:
    """Yield the differences between two JSON values, with the dotted path of each key."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys([*before, *after]):
            yield from differences(before.get(name), after.get(name), f"{key}.{name}" if key else str(name))
    elif _plain(before) != _plain(after):
        yield Difference(key, before, after)


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _text(value: Any) -> str:
    text = "not set" if value is None else str(value)
    return text if len(text) <= 80 else text[:79] + "…"
