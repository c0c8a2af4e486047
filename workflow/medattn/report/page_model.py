"""The content of the report page, without markup."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

NOT_MEASURED = "not measured"
WIDE = 900
"""Pixels of the image beyond which a figure takes the whole width: one column of a journal has 700."""
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
        glyphs: glyphs of its further marks, such as a star.
        notes: signs of the footnotes.
        verdict: verdict on the published value; empty if it has none.
        published: whether the value is a published one.
    """

    text: str
    target: str = ""
    name: str = ""
    order: float | None = None
    bold: bool = False
    glyphs: str = ""
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
        row_heading: heading of the column of row labels.
    """

    name: str
    title: str
    caption: str
    heading_lines: Sequence[Sequence[tuple[str, int]]]
    rows: Sequence[RowView]
    notes: Mapping[str, str]
    row_heading: str


@dataclass(frozen=True)
class FigureView:
    """A figure: its caption, and the image as a data URL with its size in pixels; no image if it would be empty."""

    name: str
    title: str
    caption: str
    source: str = ""
    width: int = 0
    height: int = 0

    @property
    def is_wide(self) -> bool:
        """Whether the figure spans two columns of a page, so that its labels need the whole width of the report."""
        return self.width > WIDE


@dataclass(frozen=True)
class ForestMarks:
    """Horizontal positions of the marks of one row of the forest plot.

    Attributes:
        width: width of the plot.
        zero: position of no effect.
        margin: ends of the band without practical importance.
        mean: the pooled effect.
        interval: ends of its interval; None if it has none.
        prediction: ends of the interval for a further data set; None if there is none.
        datasets: the effect on each data set.
        beyond: whether an interval goes on beyond the left and the right end of the axis.
    """

    width: float
    zero: float
    margin: tuple[float, float]
    mean: float
    interval: tuple[float, float] | None
    prediction: tuple[float, float] | None
    datasets: Sequence[float]
    beyond: tuple[bool, bool]


@dataclass(frozen=True)
class MechanismView:
    """The answer for a mechanism.

    Attributes:
        sentence: what it does, with its numbers.
        against_placebos: what it does beyond each of its placebos, without numbers.
        facts: further sentences, folded away.
        is_variant: whether it is another choice of a mechanism's hyper-parameters.
        marks: its row of the forest plot.
    """

    title: str
    verdict: str
    sentence: str
    against_placebos: Sequence[str]
    facts: Sequence[str]
    is_variant: bool
    marks: ForestMarks


@dataclass(frozen=True)
class AnswerView:
    """The answer of a selection.

    Attributes:
        headline: number of mechanisms by verdict, as a sentence.
        mechanisms: the mechanisms, those with a verdict first.
        variants: hyper-parameter variants, which the page folds away.
        axis: labels of the forest plot's axis: left end, zero, right end.
        is_cut: whether an interval goes on beyond the axis.
        rests_on: what the answer rests on, as a sentence.
    """

    headline: str
    mechanisms: Sequence[MechanismView]
    variants: Sequence[MechanismView]
    axis: tuple[str, str, str]
    is_cut: bool
    rests_on: str


@dataclass(frozen=True)
class ClaimCounts:
    """Claims of one kind.

    Attributes:
        kind: scores, costs or comparisons.
        verdicts: those with a verdict, by verdict.
        states: those without one, by the reason.
    """

    kind: str
    verdicts: Mapping[str, int]
    states: Mapping[str, int]

    @property
    def judged(self) -> int:
        """Number of claims with a verdict."""
        return sum(self.verdicts.values())


@dataclass(frozen=True)
class CoverageCounts:
    """Numbers of cells by state and of claims by verdict.

    Attributes:
        cells: cells of the plan.
        measured: cells measured on the paper's own data.
        stand_ins: cells measured on stand-in images.
        waiting: cells that can be run and are not measured yet.
        missing: cells that cannot be run.
        verdicts: claims in the selection by verdict.
        outside: claims outside the selection.
        synthetic: measured cells on synthetic images that are no stand-ins.
    """

    cells: int
    measured: int
    stand_ins: int
    waiting: int
    missing: int
    verdicts: Mapping[str, int]
    outside: int = 0
    synthetic: int = 0

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


AuditOutcome = Literal["holds", "does not hold", "could not be checked"]


@dataclass(frozen=True)
class AuditGroup:
    """Findings of the audit with one cause.

    Attributes:
        severity: severity of the findings.
        title: the checks, the cause and some places, in one line.
        action: what to do.
        is_command: whether `action` is a command line.
    """

    severity: str
    title: str
    action: str
    is_command: bool


@dataclass(frozen=True)
class AuditView:
    """Result of the audit.

    Attributes:
        outcome: whether something is wrong and, if not, whether everything could be checked.
        checks: number of checks that had something to look at.
        unchecked: number of findings that something could not be checked.
        held: name of each check that holds, and what it looked at.
        groups: the findings that are shown, by cause.
        hidden: number of groups that are not shown.
    """

    outcome: AuditOutcome
    checks: int
    unchecked: int
    held: Sequence[tuple[str, str]]
    groups: Sequence[AuditGroup]
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
        folded: whether the table is folded away.
    """

    name: str
    title: str
    about: str
    columns: Sequence[tuple[str, str, str]]
    count: int
    folded: bool = False


@dataclass(frozen=True)
class Page:
    """The whole page.

    Attributes:
        selection: name of the selection.
        answer: the answer; None if there is none.
        claims: claims in the selection by kind.
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
    answer: AnswerView | None
    claims: Sequence[ClaimCounts]
    origin: RunOrigin
    total: CoverageCounts
    papers: Sequence[PaperView]
    reasons: Sequence[tuple[str, int]]
    big_tables: Sequence[BigTable]
    points: int
    judged: bool
    audit: AuditView | None
    blocks: Mapping[str, Any] = field(default_factory=dict)
