"""The tables of a paper for the page: every field knows what a click on it opens."""

from collections.abc import Mapping, Sequence

from medattn.config.resolved import ResolvedPaper
from medattn.render.captions import written_caption
from medattn.render.inputs import Inputs
from medattn.render.tables.columns import column_title
from medattn.render.tables.complexity_table import complexity_sheet
from medattn.render.tables.statistics_table import statistics_sheet
from medattn.render.tables.table_model import Position, Row, TableModel, table_model
from medattn.render.tables.table_text import PUBLISHED, RUNS, kinds_of, sheet_of
from medattn.render.tables.text_table import Field, TextTable
from medattn.report.claims import Place
from medattn.report.page_model import NOT_MEASURED, Line, Number, TableView
from medattn.report.rows import number_in


def table_view(inputs: Inputs, paper: ResolvedPaper, name: str, verdicts: Mapping[Place, str]) -> TableView:
    """Return a table of a paper, with published and measured numbers side by side.

    Args:
        inputs: what was measured and compared.
        paper: the table's paper.
        name: name of the table.
        verdicts: verdicts on published values.
    """
    model = table_model(inputs, paper, name)
    sheet = sheet_of(model)
    lines = [
        Line(row.label, _numbers(inputs, model, row, shown.fields, verdicts), first)
        for row, shown, first in zip(model.rows, sheet.rows, _firsts(sheet), strict=True)
    ]
    return TableView(name, model.declared.title, written_caption(inputs, name), sheet.lines, lines, sheet.notes)


def complexity_view(inputs: Inputs, paper: str) -> TableView:
    """Return the table of what a paper's networks cost."""
    return _view(inputs, complexity_sheet(inputs, paper), "What the networks cost, published and counted")


def statistics_view(inputs: Inputs, paper: ResolvedPaper, name: str) -> TableView:
    """Return a table of what data sets hold."""
    return _view(inputs, statistics_sheet(inputs, paper, name), paper.statistics[name].title)


def _view(inputs: Inputs, sheet: TextTable, title: str) -> TableView:
    lines = [
        Line(row.label, [Number(f.text, order=number_in(f.text), notes=f.notes) for f in row.fields], first)
        for row, first in zip(sheet.rows, _firsts(sheet), strict=True)
    ]
    return TableView(sheet.name, title, written_caption(inputs, sheet.name), sheet.lines, lines, sheet.notes)


def _numbers(
    inputs: Inputs, model: TableModel, row: Row, fields: Sequence[Field], verdicts: Mapping[Place, str]
) -> list[Number]:
    kinds = [(position, kind) for position in row.positions for kind in kinds_of(model, position.column)]
    return [
        _number(inputs, model, row, position, kind, field, verdicts)
        for (position, kind), field in zip(kinds, fields, strict=True)
    ]


def _number(
    inputs: Inputs,
    model: TableModel,
    row: Row,
    position: Position,
    kind: str,
    field: Field,
    verdicts: Mapping[Place, str],
) -> Number:
    column = position.column
    published = kind == PUBLISHED
    place = (model.name, column.dataset, row.backbone, row.arm, column.metric, column.class_name)
    verdict = verdicts.get(place, "") if published and position.published else ""
    words = [row.label, model.datasets.get(column.dataset, ""), column_title(model.declared, column), kind, field.text]
    return Number(
        text=field.text,
        place=_opens(inputs, model, row, position),
        name=", ".join(word for word in words if word),
        order=_order(position, kind),
        bold=field.bold,
        star=field.star,
        notes=field.notes,
        # That there is no measurement is seen beside it.
        verdict="" if verdict == NOT_MEASURED else verdict,
        published=published,
    )


def _opens(inputs: Inputs, model: TableModel, row: Row, position: Position) -> str:
    """Return cell, metric and class of a position; of a cost, which is of no data set, those of the first cell."""
    column = position.column
    for dataset in [column.dataset] if column.dataset else model.datasets:
        cell = inputs.cell(model.paper, dataset, row.backbone, row.arm)
        if cell is not None:
            return f"{cell.id}|{column.metric}|{column.class_name}"
    return ""


def _order(position: Position, kind: str) -> float | None:
    if kind == PUBLISHED:
        return None if position.published is None else number_in(position.published.mean)
    number = position.runs if kind == RUNS else position.single
    return None if number is None else number.mean


def _firsts(sheet: TextTable) -> list[bool]:
    """Return whether each row is the first of its group."""
    groups = [row.group for row in sheet.rows]
    return [above != group for above, group in zip(["", *groups], groups, strict=False)]
