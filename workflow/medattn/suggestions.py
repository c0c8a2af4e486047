"""Refusing an unknown name with the nearest valid one."""

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN_AT_MOST = 12


def unknown_name(kind: str, name: str, valid: Iterable[str]) -> str:
    """Return the sentence that refuses `name`, a `kind` of thing, and names the nearest of the `valid` names."""
    names = sorted(set(valid))
    close = get_close_matches(name.lower(), [n.lower() for n in names], n=1, cutoff=0.5)
    if close:
        nearest = next(n for n in names if n.lower() == close[0])
        return f"unknown {kind} '{name}'; did you mean '{nearest}'?"
    listed = ", ".join(names[:_SHOWN_AT_MOST]) + (", ..." if len(names) > _SHOWN_AT_MOST else "")
    return f"unknown {kind} '{name}'; valid: {listed or 'none'}"
