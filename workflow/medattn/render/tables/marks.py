"""The marks of significant differences in tables: which there are, and how each looks."""

from typing import Literal, get_args

MarkName = Literal["bold", "star", "bold-worse", "star-worse"]
"""Sign of a mark in paper.yaml for a better value; with `-worse` for a worse one."""
MARK_NAMES: tuple[MarkName, ...] = get_args(MarkName)

GLYPHS: dict[str, str] = {"star": "*", "star-worse": "↓", "bold-worse": "⇓"}
"""Glyphs before a marked value; a better value with the sign `bold` is in bold type instead."""
WORDS: dict[str, str] = {
    "bold": "bold: better",
    "star": "star: better",
    "bold-worse": "double arrow down: worse",
    "star-worse": "arrow down: worse",
}
"""What the marks say, for readers who hear a table."""


def mark_name(sign: Literal["bold", "star"], is_worse: bool) -> MarkName:
    """Return the mark of a significantly better or worse value.

    Args:
        sign: sign of the mark in paper.yaml.
        is_worse: whether the value is worse in this comparison.
    """
    if sign == "bold":
        return "bold-worse" if is_worse else "bold"
    return "star-worse" if is_worse else "star"


def known_marks(names: tuple[str, ...]) -> tuple[MarkName, ...]:
    """Return the marks that tables show, in their fixed order; other flags of published values have no look."""
    return tuple(name for name in MARK_NAMES if name in names)
