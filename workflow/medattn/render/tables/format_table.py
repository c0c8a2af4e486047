"""Formatting of a paper's table: the text of its headings and fields."""

from dataclasses import dataclass

from medattn.render.tables.formatted_table import FormattedField, FormattedRow, FormattedTable
from medattn.render.tables.marks import known_marks
from medattn.render.tables.paper_table import (
    LEAK,
    NOT_PUBLISHED,
    STAND_IN,
    PaperTable,
    TableEntry,
    decimals_of,
    unit_factor,
)
from medattn.render.tables.table_columns import Column, column_title
from medattn.render.tables.table_values import MeasuredValue, PublishedText

DASH = "—"
PUBLISHED, COUNTED, OVER_RUNS = "Published", "Counted", "Reproduced (runs)"


@dataclass(frozen=True)
class Heading:
    """The headings above a column of fields: data set (empty for costs), metric, and kind of value."""

    dataset: str
    metric: str
    kind: str


def kinds_of(table: PaperTable, column: Column) -> list[str]:
    """Return the kinds of values in a column: published, and measured or counted."""
    by_procedure = f"Reproduced ({table.paper.protocol.column_title.lower()})"
    measured = [by_procedure, OVER_RUNS] if column.dataset else [COUNTED]
    return [PUBLISHED, *measured] if column in table.published_columns else measured


def headings(table: PaperTable) -> list[Heading]:
    """Return the headings above each field of a row, right of the row labels."""
    return [
        Heading(table.datasets.get(column.dataset, ""), column_title(table.declared, column), kind)
        for column in table.columns
        for kind in kinds_of(table, column)
    ]


def format_table(table: PaperTable) -> FormattedTable:
    """Return the text of a paper's table."""
    rows = [FormattedRow(row.group, row.label, _fields(table, row.entries)) for row in table.rows]
    return FormattedTable(table.name, _heading_lines(table), rows, table.footnotes)


def _heading_lines(table: PaperTable) -> list[list[tuple[str, int]]]:
    """Return the lines of headings, each heading with the number of fields that it spans.

    A table with a single metric has no line of metrics.
    """
    all_headings = headings(table)
    with_metrics = len({heading.metric for heading in all_headings}) > 1
    lines: list[list[tuple[str, int]]] = []
    for depth in (1, 2, 3) if with_metrics else (1, 3):
        spans: list[tuple[tuple[str, ...], int]] = []
        for heading in all_headings:
            path = (heading.dataset, heading.metric, heading.kind)[:depth]
            if spans and spans[-1][0] == path and depth < 3:
                spans[-1] = (path, spans[-1][1] + 1)
            else:
                spans.append((path, 1))
        lines.append([(path[-1], width) for path, width in spans])
    return lines


def _fields(table: PaperTable, entries: tuple[TableEntry, ...]) -> list[FormattedField]:
    """Return the fields of one row, in the order of `headings`."""
    return [_field(table, entry, kind) for entry in entries for kind in kinds_of(table, entry.column)]


def _field(table: PaperTable, entry: TableEntry, kind: str) -> FormattedField:
    if kind == PUBLISHED:
        return _published(table, entry.published)
    over_runs = kind == OVER_RUNS
    value, reason = (entry.runs, entry.reason) if over_runs else (entry.single, entry.single_reason)
    notes = (table.sign_of(reason),) if reason else ()
    if value is None:
        return FormattedField(DASH, notes=notes)
    metric = entry.column.metric
    scaled = _scaled(value, unit_factor(table.declared, metric))
    text = (_over_runs if over_runs else _mean_and_sd)(scaled, decimals_of(table.declared, metric))
    warnings = ((STAND_IN,) if entry.stand_in else ()) + ((LEAK,) if entry.leak else ())
    return FormattedField(text, known_marks(value.marks), (*notes, *warnings))


def _published(table: PaperTable, published: PublishedText | None) -> FormattedField:
    if published is None:
        return FormattedField(DASH, notes=(table.sign_of(NOT_PUBLISHED),))
    text = f"{published.mean}({published.sd})" if published.sd else published.mean
    return FormattedField(text, known_marks(published.marks))


def _scaled(value: MeasuredValue, factor: float) -> MeasuredValue:
    sd = None if value.sd is None else value.sd * factor
    return MeasuredValue(value.mean * factor, sd, value.n, value.marks)


def _mean_and_sd(value: MeasuredValue, decimals: int) -> str:
    mean = f"{value.mean:.{decimals}f}"
    return mean if value.sd is None else f"{mean}({value.sd:.{decimals}f})"


def _over_runs(value: MeasuredValue, decimals: int) -> str:
    sd = "" if value.sd is None else f" ± {value.sd:.{decimals}f}"
    return f"{value.mean:.{decimals}f}{sd} ({value.n})"
