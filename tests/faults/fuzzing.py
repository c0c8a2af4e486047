"""Values, changes and damages that hypothesis draws for tests of readers."""

import json
import math
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck
from hypothesis import strategies as st

from medattn.errors import UserError

QUICK = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]}
HOSTILE: list[Any] = [
    None, True, "", "\0", "\ud800", "~", "$X", "../..", "a" * 5000, "1e999", "NaN", "=1+1", "[", "{", "&a", "*a", "!!x",
    0, -1, 10**9, 10**30, 2**63, 1e308, -1e-308, math.inf, math.nan, [], {}, [[]], {"": {}}, [None], {"a": [1]}, "०",
]  # fmt: skip
VALUES = st.sampled_from(HOSTILE) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in items for place in places(inner, (*path, key)))]


def changed(data: st.DataObject, value: Any) -> Any:
    """Return a copy of a value with something else, nothing, or another key at some place in it."""
    result = {"top": json.loads(json.dumps(value))}
    path = ("top", *data.draw(st.sampled_from(places(value))))
    inner: Any = result
    for key in path[:-1]:
        inner = inner[key]
    how = data.draw(st.integers(0, 3))
    if how == 0 and len(path) > 1 and isinstance(inner, dict):
        del inner[path[-1]]
    elif how == 1 and isinstance(inner[path[-1]], dict):
        inner[path[-1]][data.draw(st.text(max_size=6))] = data.draw(VALUES)
    else:
        inner[path[-1]] = data.draw(VALUES)
    return result["top"]


def damaged(data: st.DataObject, content: bytes) -> bytes:
    """Return bytes with some changed, repeated, replaced by others or cut off."""
    result = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(result)))
        end = min(len(result), start + data.draw(st.integers(0, 12)))
        new = data.draw(
            st.binary(max_size=6) | st.sampled_from([b"\0", b"\xff", b"9" * 5000, b"[" * 3000, b'"', b"\n"])
        )
        result[start:end] = new
    return bytes(result)


def attempt(read: Callable[[], object]) -> None:
    try:
        read()
    except UserError as error:
        assert "\n" not in str(error)
        assert len(str(error)) < 1500
