"""A difference between two results folders, and what could not be compared."""

from dataclasses import dataclass, field
from math import isfinite, isnan
from typing import Any, Literal

Part = Literal["selection", "code", "data", "cells", "runs", "numbers", "verdicts"]
PARTS: tuple[Part, ...] = ("selection", "code", "data", "cells", "runs", "numbers", "verdicts")
DIFF_COLUMNS = ("part", "file", "item", "column", "a", "b", "difference")


@dataclass(frozen=True)
class DifferenceRow:
    """A value that differs.

    Attributes:
        part: what it belongs to.
        file: file that has the value.
        item: what the value is of, such as a cell or a claim.
        column: key or column of the value.
        a: value in the first folder; None if it has none.
        b: value in the second folder; None if it has none.
    """

    part: Part
    file: str
    item: str
    column: str
    a: Any
    b: Any

    @property
    def difference(self) -> float | None:
        """Second value minus the first, for numbers."""
        if not (_is_number(self.a) and _is_number(self.b)):
            return None
        return float(self.b) - float(self.a)

    def row(self) -> dict[str, Any]:
        """Return the row with the columns DIFF_COLUMNS."""
        return {name: getattr(self, name) for name in DIFF_COLUMNS}


@dataclass
class FolderDifferences:
    """Differences between two results folders.

    Attributes:
        rows: what differs.
        equal: by file or part, what was compared and is equal.
        absent: files that neither folder has.
        not_compared: what could not be compared, with the reason.
    """

    rows: list[DifferenceRow] = field(default_factory=list)
    equal: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    not_compared: list[str] = field(default_factory=list)

    def add(self, what: str, rows: list[DifferenceRow]) -> None:
        """Add what a comparison has found; nothing found means equal."""
        self.rows += rows
        if not rows:
            self.equal.append(what)

    @property
    def exit_code(self) -> int:
        """Exit code as that of diff: 0 equal, 1 different, 2 not different as far as it could be compared."""
        return 1 if self.rows else 2 if self.not_compared else 0


def same(a: Any, b: Any) -> bool:
    """Return whether two values are equal; NaN equals NaN."""
    return bool(a == b) or (_is_nan(a) and _is_nan(b))


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and isnan(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
