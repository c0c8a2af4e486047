"""Result of a consistency check."""

from dataclasses import dataclass
from typing import Literal

ConsistencyVerdict = Literal["consistent", "inconsistent", "undecidable"]
VERDICTS: tuple[ConsistencyVerdict, ...] = ("consistent", "inconsistent", "undecidable")


@dataclass(frozen=True)
class CheckResult:
    """Result of one check of one published value or of a group of values.

    Attributes:
        table: the table, several joined by ";", or "" for the text.
        cell: name of the value; for a group of values, * replaces the parts in which they differ.
        published: the published value.
        expected: the value or values that would be consistent.
        verdict: `inconsistent`: the value contradicts the stated protocol or another published value; `undecidable`:
            the facts are missing, or the check has no power.
        note: explanation of the verdict.
        is_summary: whether the result covers many values, so that reports show it whatever its verdict.
        paper: name of the paper. `check_paper` fills it in.
        check: name of the check. `check_paper` fills it in.
    """

    table: str
    cell: str
    published: str
    expected: str
    verdict: ConsistencyVerdict
    note: str = ""
    is_summary: bool = False
    paper: str = ""
    check: str = ""
