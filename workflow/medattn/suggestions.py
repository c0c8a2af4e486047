"""Suggestions for unknown names."""

from collections.abc import Iterable
from difflib import get_close_matches

_MAX_NAMES = 12


def unknown_name(kind: str, name: str, valid: Iterable[str]) -> str:
    """Return a message that `name` is an unknown `kind`, with the nearest of the `valid` names or a list of them."""
    names = sorted(set(valid))
    close = get_close_matches(name.lower(), [n.lower() for n in names], n=1, cutoff=0.5)
    if close:
        nearest = next(n for n in names if n.lower() == close[0])
        return f"unknown {kind} '{name}'; did you mean '{nearest}'?"
    listed = ", ".join(names[:_MAX_NAMES]) + (", ..." if len(names) > _MAX_NAMES else "")
    return f"unknown {kind} '{name}'; valid: {listed or 'none'}"
