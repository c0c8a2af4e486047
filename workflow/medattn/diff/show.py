"""The differences between two results folders as a table for the terminal."""

from collections.abc import Iterator
from typing import Any

from medattn.diff.difference_row import PARTS, DifferenceRow, FolderDifferences

_SHOWN = 10
_WIDTHS = (72, 24)
"""Most characters of an item and of a value."""


def diff_lines(a: str, b: str, found: FolderDifferences, everything: bool) -> Iterator[str]:
    """Yield the lines for the terminal, part by part.

    Args:
        a: name of the first folder.
        b: name of the second folder.
        found: what differs.
        everything: whether to show all differences, not only the first 10 of each part.
    """
    for part in PARTS:
        rows = [row for row in found.rows if row.part == part]
        if rows:
            yield from _part_lines(part, rows if everything else rows[:_SHOWN])
            if len(rows) > _SHOWN and not everything:
                yield f"  ... {len(rows) - _SHOWN} more; --all shows them"
    yield from (f"not compared: {reason}" for reason in found.not_compared)
    if found.absent:
        yield f"neither folder has {', '.join(found.absent)}"
    if found.equal:
        yield f"equal: {', '.join(found.equal)}"
    count = len(found.rows)
    if count:
        yield f"{a} and {b} differ: {count} {'difference' if count == 1 else 'differences'}"
    else:
        yield f"{a} and {b}: {'no difference in what could be compared' if found.not_compared else 'equal'}"


def _part_lines(part: str, rows: list[DifferenceRow]) -> Iterator[str]:
    cells = [(part, "", "A", "B", "B - A")]
    cells += [(_cut(row.item, _WIDTHS[0]), row.column, _text(row.a), _text(row.b), _signed(row)) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    for line in cells:
        yield "  ".join(f"{text:<{width}}" for text, width in zip(line, widths, strict=True)).rstrip()


def _text(value: Any) -> str:
    if value is None or value != value:
        return "-"
    return _cut(f"{value:.6g}" if isinstance(value, float) else str(value), _WIDTHS[1])


def _signed(row: DifferenceRow) -> str:
    return "" if row.difference is None else f"{row.difference:+z.4g}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
