"""What the page shows, free of any markup: gathered from the results, filled into the templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NOT_MEASURED = "not measured"
VERDICTS = ("reproduced", "not reproduced", "inconclusive", NOT_MEASURED)


@dataclass(frozen=True)
class Number:
    """One field of a table.

    Attributes:
        text: what is shown.
        place: what a click opens: cell, metric and class, joined by "|"; empty where nothing stands behind it.
        name: the field in words, for those who do not see its row and column.
        order: what the column is sorted by; none where there is no number.
        bold: whether it carries the mark `bold`.
        star: whether it carries the mark `star`.
        notes: signs of its footnotes.
        verdict: the verdict on the published value; empty where it has none.
        published: whether the paper published it.
    """

    text: str
    place: str = ""
    name: str = ""
    order: float | None = None
    bold: bool = False
    star: bool = False
    notes: tuple[str, ...] = ()
    verdict: str = ""
    published: bool = False


@dataclass(frozen=True)
class Line:
    """A row of a table: its label and its fields."""

    label: str
    numbers: Sequence[Number]
    first_of_group: bool


@dataclass(frozen=True)
class TableView:
    """A table of a paper: lines of the head as (title, width), rows, footnotes by their signs."""

    name: str
    title: str
    caption: str
    heads: Sequence[Sequence[tuple[str, int]]]
    lines: Sequence[Line]
    notes: Mapping[str, str]


@dataclass(frozen=True)
class FigureView:
    """A figure: its caption, and the picture as a data URL with its size in pixels; no picture where none is drawn."""

    name: str
    title: str
    caption: str
    source: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Tally:
    """What became of a paper's cells and claims.

    Attributes:
        cells: cells of the plan.
        measured: cells with a number from the paper's own data.
        stand_ins: cells with a number from stand-in images.
        waiting: cells that can be run and have no number.
        missing: cells that can't be run.
        verdicts: claims by verdict.
    """

    cells: int
    measured: int
    stand_ins: int
    waiting: int
    missing: int
    verdicts: Mapping[str, int]

    @property
    def claims(self) -> int:
        """Number of claims."""
        return sum(self.verdicts.values())


@dataclass(frozen=True)
class PaperView:
    """A paper: what became of it, its tables and its figures."""

    name: str
    title: str
    citation: str
    tally: Tally
    tables: Sequence[TableView]
    figures: Sequence[FigureView]


@dataclass(frozen=True)
class Origin:
    """When, where and with which code the runs were made: facts as (what, value), most important first."""

    runs: int
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class AuditView:
    """What the audit found.

    Attributes:
        holds: whether all holds.
        checks: number of checks.
        findings: severity, place and words of each finding that is shown.
        left: findings that are not shown.
    """

    holds: bool
    checks: int
    findings: Sequence[tuple[str, str, str]]
    left: int


@dataclass(frozen=True)
class BigTable:
    """A table with many rows, filled in by the reader's browser: rows of a compressed block of the page.

    Attributes:
        name: name of its block.
        title: its heading.
        about: what it is, in a sentence or two.
        columns: key, title and kind (`text`, `long`, `number`, `p`, `verdict` or `place`) of each column.
        count: number of rows.
    """

    name: str
    title: str
    about: str
    columns: Sequence[tuple[str, str, str]]
    count: int


@dataclass(frozen=True)
class Page:
    """The page.

    Attributes:
        selection: name of the selection.
        origin: when, where and with which code.
        total: what became of all cells and claims.
        papers: the papers in the order of the selection.
        reasons: why cells have no number, with the number of cells.
        big_tables: claims, comparisons, rankings.
        points: number of claims with a published and a measured number.
        judged: whether claims were judged at all.
        audit: what the audit found; none where there was no audit.
        blocks: values that the page carries compressed, by name.
    """

    selection: str
    origin: Origin
    total: Tally
    papers: Sequence[PaperView]
    reasons: Sequence[tuple[str, int]]
    big_tables: Sequence[BigTable]
    points: int
    judged: bool
    audit: AuditView | None
    blocks: Mapping[str, Any] = field(default_factory=dict)
