"""What a check says about a published value."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["consistent", "inconsistent", "undecidable"]
VERDICTS: tuple[Verdict, ...] = ("consistent", "inconsistent", "undecidable")


@dataclass(frozen=True)
class Finding:
    """One row of the audit.

    Attributes:
        table: the table, several joined by ";", or "" for the text.
        cell: name of the number; of a group of numbers, with * where they differ.
        published: what is published.
        expected: what it should be, or could be.
        verdict: `inconsistent` contradicts the stated protocol or another published value; `undecidable` includes
            checks without power.
        note: how the verdict comes about.
        is_summary: whether it speaks of many numbers, so that people want to read it whatever its verdict.
    """

    table: str
    cell: str
    published: str
    expected: str
    verdict: Verdict
    note: str = ""
    is_summary: bool = False
