"""What two sets of settings differ in, key by key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """A key whose value is another one; None stands for a key that is not there."""

    key: str
    before: Any
    after: Any

    def __str__(self) -> str:
        """Say it as `recipe.epochs: 30, now 40`."""
        return f"{self.key}: {_text(self.before)}, now {_text(self.after)}"


def differences(before: Any, after: Any, key: str = "") -> Iterator[Difference]:
    """Yield where two JSON values differ, with the path of each key, dotted."""
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
