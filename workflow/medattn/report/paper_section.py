"""The section of a paper on the page: its tables, whose fields open their details, and its figures."""

import io
from collections.abc import Mapping, Sequence

from PIL import Image, UnidentifiedImageError

from medattn.config.resolved import ResolvedPaper
from medattn.errors import UserError
from medattn.reading import read_bytes
from medattn.render.captions import written_caption
from medattn.render.figures.drawing import is_empty_figure
from medattn.render.inputs import Inputs
from medattn.render.tables.complexity_table import format_complexity_table
from medattn.render.tables.dataset_statistics_table import format_dataset_statistics
from medattn.render.tables.format_table import OVER_RUNS, PUBLISHED, format_table, kinds_of
from medattn.render.tables.formatted_table import FormattedField, FormattedTable
from medattn.render.tables.marks import WORDS
from medattn.render.tables.paper_table import PaperTable, TableEntry, TableRow, paper_table
from medattn.render.tables.table_columns import column_title
from medattn.report.claim_rows import ClaimKey
from medattn.report.embedding import data_url
from medattn.report.page_model import NOT_MEASURED, FieldView, FigureView, RowView, TableView
from medattn.report.plain_rows import number_in


def table_views(inputs: Inputs, paper: ResolvedPaper, verdicts: Mapping[ClaimKey, str]) -> list[TableView]:
    """Return the tables of results of a paper, with published and reproduced values side by side.

    Args:
        inputs: results of the earlier stages.
        paper: the paper, in one of its experiments.
        verdicts: verdicts on published values.
    """
    return [_table_view(inputs, paper, name, verdicts) for name in paper.tables]


def statistics_views(inputs: Inputs, paper: ResolvedPaper) -> list[TableView]:
    """Return the tables of the sizes of data sets of a paper."""
    return [
        _plain_view(inputs, format_dataset_statistics(inputs, paper, name), statistics.title)
        for name, statistics in paper.statistics.items()
    ]


def complexity_view(inputs: Inputs, paper: str) -> TableView:
    """Return the table of the costs of a paper's networks."""
    return _plain_view(inputs, format_complexity_table(inputs, paper), "Costs of the networks, published and counted")


def figure_view(inputs: Inputs, paper: ResolvedPaper, name: str) -> FigureView:
    """Return a figure; if it is empty or not drawn yet, its caption says so and it has no image.

    Raises:
        UserError: the file is not an image.
    """
    title = paper.figures[name].title
    path = inputs.results.figures / f"{name}.png"
    if not path.is_file():
        return FigureView(name, title, f"{title}: not drawn yet; run `medattn render`.")
    caption = written_caption(inputs, name) or title
    if is_empty_figure(path.with_suffix(".csv")):
        return FigureView(name, title, caption)
    content = read_bytes(path, "delete it and run `medattn render`", limit=1 << 28)
    try:
        width, height = Image.open(io.BytesIO(content)).size
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise UserError(f"{path}: not an image; run `medattn render` again") from error
    return FigureView(name, title, caption, data_url(content, "image/png"), width, height)


def _table_view(inputs: Inputs, paper: ResolvedPaper, name: str, verdicts: Mapping[ClaimKey, str]) -> TableView:
    table = paper_table(inputs, paper, name)
    formatted = format_table(table)
    rows = [
        RowView(row.label, _fields(inputs, table, row, shown.fields, verdicts), first)
        for row, shown, first in zip(table.rows, formatted.rows, formatted.starts_group(), strict=True)
    ]
    caption = written_caption(inputs, name)
    return TableView(
        name, table.declared.title, caption, formatted.heading_lines, rows, formatted.notes, formatted.row_heading
    )


def _plain_view(inputs: Inputs, table: FormattedTable, title: str) -> TableView:
    rows = [
        RowView(row.label, [FieldView(f.text, order=number_in(f.text), notes=f.notes) for f in row.fields], first)
        for row, first in zip(table.rows, table.starts_group(), strict=True)
    ]
    caption = written_caption(inputs, table.name)
    return TableView(table.name, title, caption, table.heading_lines, rows, table.notes, table.row_heading)


def _fields(
    inputs: Inputs,
    table: PaperTable,
    row: TableRow,
    fields: Sequence[FormattedField],
    verdicts: Mapping[ClaimKey, str],
) -> list[FieldView]:
    kinds = [(entry, kind) for entry in row.entries for kind in kinds_of(table, entry.column)]
    return [
        _field(inputs, table, row, entry, kind, field, verdicts)
        for (entry, kind), field in zip(kinds, fields, strict=True)
    ]


def _field(
    inputs: Inputs,
    table: PaperTable,
    row: TableRow,
    entry: TableEntry,
    kind: str,
    field: FormattedField,
    verdicts: Mapping[ClaimKey, str],
) -> FieldView:
    column = entry.column
    published = kind == PUBLISHED
    key = (table.name, column.dataset, row.backbone, row.arm, column.metric, column.class_name)
    verdict = verdicts.get(key, "") if published and entry.published else ""
    words = [row.label, table.datasets.get(column.dataset, ""), column_title(table.declared, column), kind, field.text]
    words += [WORDS[mark] for mark in field.marks]
    return FieldView(
        text=field.text,
        target=_target(inputs, table, row, entry),
        name=", ".join(word for word in words if word),
        order=_order(entry, kind),
        bold=field.is_bold,
        glyphs=field.glyphs,
        notes=field.notes,
        # The empty field next to it already shows that there is no measurement.
        verdict="" if verdict == NOT_MEASURED else verdict,
        published=published,
    )


def _target(inputs: Inputs, table: PaperTable, row: TableRow, entry: TableEntry) -> str:
    """Return cell, metric and class of a field; a cost, which belongs to no data set, opens the first cell."""
    column = entry.column
    for dataset in [column.dataset] if column.dataset else table.datasets:
        cell = inputs.cell(table.paper, dataset, row.backbone, row.arm)
        if cell is not None:
            return f"{cell.id}|{column.metric}|{column.class_name}"
    return ""


def _order(entry: TableEntry, kind: str) -> float | None:
    if kind == PUBLISHED:
        return None if entry.published is None else number_in(entry.published.mean)
    value = entry.runs if kind == OVER_RUNS else entry.single
    return None if value is None else value.mean
