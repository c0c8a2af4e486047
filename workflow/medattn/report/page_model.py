"""The content of the report page, without markup."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

NOT_MEASURED = "not measured"
VERDICTS = ("reproduced", "not reproduced", "inconclusive", NOT_MEASURED)


@dataclass(frozen=True)
class FieldView:
    """One field of a table.

    Attributes:
        text: the shown text.
        target: cell, metric and class whose details a click opens, joined by "|"; empty if there are no details.
        name: row, column and value in words, for screen readers.
        order: sort key of the column; None if the field has no value.
        bold: whether the value has the mark `bold`.
        star: whether the value has the mark `star`.
        notes: signs of the footnotes.
        verdict: verdict on the published value; empty if it has none.
        published: whether the value is a published one.
    """

    text: str
    target: str = ""
    name: str = ""
    order: float | None = None
    bold: bool = False
    star: bool = False
    notes: tuple[str, ...] = ()
    verdict: str = ""
    published: bool = False


@dataclass(frozen=True)
class RowView:
    """A row of a table: its label and its fields."""

    label: str
    fields: Sequence[FieldView]
    first_of_group: bool


@dataclass(frozen=True)
class TableView:
    """A table of a paper.

    Attributes:
        name: name of the table.
        title: heading above the table.
        caption: the caption; empty if the table is not rendered yet.
        heading_lines: lines of column headings, each heading with the number of columns it spans.
        rows: the rows.
        notes: texts of the footnotes by their signs.
    """

    name: str
    title: str
    caption: str
    heading_lines: Sequence[Sequence[tuple[str, int]]]
    rows: Sequence[RowView]
    notes: Mapping[str, str]


@dataclass(frozen=True)
class FigureView:
    """A figure: its caption, and the image as a data URL with its size in pixels; no image if it is not drawn yet."""

    name: str
    title: str
    caption: str
    source: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class CoverageCounts:
    """Numbers of cells by state and of claims by verdict.

    Attributes:
        cells: cells of the plan.
        measured: cells measured on the paper's own data.
        stand_ins: cells measured on stand-in images.
        waiting: cells that can be run and are not measured yet.
        missing: cells that cannot be run.
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
    """A paper: its counts, tables and figures."""

    name: str
    title: str
    citation: str
    counts: CoverageCounts
    tables: Sequence[TableView]
    figures: Sequence[FigureView]


@dataclass(frozen=True)
class RunOrigin:
    """Number of finished runs, and when, where and with which code they ran, as (term, value)."""

    runs: int
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class AuditView:
    """Result of the audit.

    Attributes:
        outcome: whether something is wrong and, if not, whether everything could be checked.
        checks: number of checks.
        unchecked: number of things that could not be checked.
        findings: severity, place and text of each finding that is shown.
        hidden: number of findings that are not shown.
    """

    outcome: Literal["passed", "failed", "not fully checked"]
    checks: int
    unchecked: int
    findings: Sequence[tuple[str, str, str]]
    hidden: int


@dataclass(frozen=True)
class BigTable:
    """A table with many rows, which the browser fills from a compressed block of the page.

    Attributes:
        name: name of its block.
        title: its heading.
        about: explanation below the heading.
        columns: key, title and kind (`text`, `long`, `number`, `p`, `verdict` or `target`) of each column.
        count: number of rows.
    """

    name: str
    title: str
    about: str
    columns: Sequence[tuple[str, str, str]]
    count: int


@dataclass(frozen=True)
class Page:
    """The whole page.

    Attributes:
        selection: name of the selection.
        origin: when, where and with which code the runs were trained.
        total: counts over all papers.
        papers: the papers in the order of the selection.
        reasons: reasons why cells cannot be run, with the number of cells.
        big_tables: claims, comparisons and rankings.
        points: number of claims with both a published and a reproduced value.
        judged: whether claims.csv exists.
        audit: result of the audit; None if the sealed folder was not audited.
        blocks: data that the page carries compressed, by name.
    """

    selection: str
    origin: RunOrigin
    total: CoverageCounts
    papers: Sequence[PaperView]
    reasons: Sequence[tuple[str, int]]
    big_tables: Sequence[BigTable]
    points: int
    judged: bool
    audit: AuditView | None
    blocks: Mapping[str, Any] = field(default_factory=dict)
