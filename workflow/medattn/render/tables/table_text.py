"""What is written in each field of a paper's table, before a format decorates it."""

from dataclasses import dataclass

from medattn.render.tables.columns import Column, column_title
from medattn.render.tables.numbers import Number, Published
from medattn.render.tables.table_model import (
    LEAK,
    NOT_PUBLISHED,
    STAND_IN,
    Position,
    TableModel,
    decimals_of,
    in_unit_of,
)
from medattn.render.tables.text_table import Field, TextRow, TextTable

DASH = "—"
PUBLISHED, COUNTED, RUNS = "Published", "Counted", "Runs"


@dataclass(frozen=True)
class Head:
    """What stands above a field: the data set (empty for costs), what is measured, and the kind of number."""

    dataset: str
    metric: str
    kind: str


def kinds_of(model: TableModel, column: Column) -> list[str]:
    """Return the kinds of numbers in a column."""
    measured = [model.paper.protocol.column_title, RUNS] if column.dataset else [COUNTED]
    return [PUBLISHED, *measured] if column in model.published_columns else measured


def heads(model: TableModel) -> list[Head]:
    """Return what stands above each field of a row, right of the labels."""
    return [
        Head(model.datasets.get(column.dataset, ""), column_title(model.declared, column), kind)
        for column in model.columns
        for kind in kinds_of(model, column)
    ]


def sheet_of(model: TableModel) -> TextTable:
    """Return the table as text."""
    rows = [TextRow(row.group, row.label, _fields(model, row.positions)) for row in model.rows]
    return TextTable(model.name, _lines(model), rows, model.footnotes)


def _lines(model: TableModel) -> list[list[tuple[str, int]]]:
    """Return the lines of the head, each with its titles and the fields that they span.

    The line of metrics is left out where a table has a single one.
    """
    all_heads = heads(model)
    with_metrics = len({head.metric for head in all_heads}) > 1
    lines: list[list[tuple[str, int]]] = []
    for depth in (1, 2, 3) if with_metrics else (1, 3):
        spans: list[tuple[tuple[str, ...], int]] = []
        for head in all_heads:
            path = (head.dataset, head.metric, head.kind)[:depth]
            if spans and spans[-1][0] == path and depth < 3:
                spans[-1] = (path, spans[-1][1] + 1)
            else:
                spans.append((path, 1))
        lines.append([(path[-1], width) for path, width in spans])
    return lines


def _fields(model: TableModel, positions: tuple[Position, ...]) -> list[Field]:
    """Return the fields of one row, in the order of `heads`."""
    return [_field(model, position, kind) for position in positions for kind in kinds_of(model, position.column)]


def _field(model: TableModel, position: Position, kind: str) -> Field:
    if kind == PUBLISHED:
        return _published(model, position.published)
    number, reason = (position.runs, position.reason) if kind == RUNS else (position.single, position.single_reason)
    notes = (model.sign_of(reason),) if reason else ()
    if number is None:
        return Field(DASH, notes=notes)
    metric = position.column.metric
    shown = _scaled(number, in_unit_of(model.declared, metric))
    write = _over_runs if kind == RUNS else _mean_and_spread
    marks = ((STAND_IN,) if position.stand_in else ()) + ((LEAK,) if position.leak else ())
    text = write(shown, decimals_of(model.declared, metric))
    return Field(text, "bold" in number.marks, "star" in number.marks, (*notes, *marks))


def _published(model: TableModel, published: Published | None) -> Field:
    if published is None:
        return Field(DASH, notes=(model.sign_of(NOT_PUBLISHED),))
    text = f"{published.mean}({published.sd})" if published.sd else published.mean
    return Field(text, "bold" in published.marks, "star" in published.marks)


def _scaled(number: Number, factor: float) -> Number:
    spread = None if number.sd is None else number.sd * factor
    return Number(number.mean * factor, spread, number.n, number.marks)


def _mean_and_spread(number: Number, decimals: int) -> str:
    mean = f"{number.mean:.{decimals}f}"
    return mean if number.sd is None else f"{mean}({number.sd:.{decimals}f})"


def _over_runs(number: Number, decimals: int) -> str:
    spread = "" if number.sd is None else f" ± {number.sd:.{decimals}f}"
    return f"{number.mean:.{decimals}f}{spread} ({number.n})"
