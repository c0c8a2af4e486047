"""A table in the paper's layout, free of any format: rows, columns, numbers, marks and footnotes."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd

from medattn.compare.pairs import arms_of
from medattn.complexity.lookup import counted_value
from medattn.config.models.paper import Table, shows
from medattn.config.resolved import NO_BACKBONE, ResolvedPaper
from medattn.metrics.registry import METRICS
from medattn.render.inputs import Inputs, backbone_label
from medattn.render.tables.columns import Column, columns_of
from medattn.render.tables.numbers import Number, Published, number_of_a_seed, number_over_runs, published_value
from medattn.result_tables import rows_of

STAND_IN = "†"
STAND_IN_TEXT = "Stand-in images, made or taken in place of the paper's own: not a reproduction of the number."
LEAK = "‡"
NOT_PUBLISHED = "The paper prints no number here."
NOT_COUNTED = "Not counted yet: run `medattn complexity`."


@dataclass(frozen=True)
class Position:
    """What stands in one row and column.

    Attributes:
        column: the column.
        published: the number in the paper.
        single: the measured number of one seed by the paper's procedure; what was counted, of a cost.
        runs: the measured number over runs.
        n_test: test images.
        stand_in: whether it was measured on stand-in images.
        leak: what of the test images got into a choice or into training; empty where nothing.
        single_reason: why there is no `single`, or what a reader must know of it.
        reason: the same of `runs`.
    """

    column: Column
    published: Published | None
    single: Number | None
    runs: Number | None
    n_test: str = ""
    stand_in: bool = False
    leak: str = ""
    single_reason: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Row:
    """A row of the table; `group` is the same for rows that stand together."""

    group: str
    label: str
    backbone: str
    arm: str
    positions: tuple[Position, ...]


@dataclass
class TableModel:
    """A table without a format.

    Attributes:
        name: name of the table.
        paper: the resolved paper, in the table's experiment.
        declared: what paper.yaml says of the table.
        datasets: names and titles of the data sets, in order.
        columns: the columns, in order.
        published_columns: the columns with published values.
        rows: the rows in the paper's order.
        footnotes: texts by their sign, in the order of first use.
    """

    name: str
    paper: ResolvedPaper
    declared: Table
    datasets: dict[str, str]
    columns: list[Column]
    published_columns: set[Column]
    rows: list[Row]
    footnotes: dict[str, str] = field(default_factory=dict)

    def sign_of(self, text: str) -> str:
        """Return the sign of the footnote with this text."""
        return next(sign for sign, known in self.footnotes.items() if known == text)


def table_model(inputs: Inputs, paper: ResolvedPaper, name: str) -> TableModel:
    """Build the table `name` of `paper` from what was published and measured."""
    declared = paper.tables[name]
    datasets = [dataset for dataset in paper.datasets if dataset in (declared.datasets or paper.datasets)]
    classes = {dataset: inputs.configuration.datasets[dataset].classes for dataset in datasets}
    columns = columns_of(declared, datasets, classes)
    rows = [
        Row(
            group,
            label,
            backbone,
            arm,
            tuple(_position(inputs, paper, name, column, (backbone, arm)) for column in columns),
        )
        for group, label, backbone, arm in _rows(paper)
        if any(shows(declared, dataset, backbone, arm) for dataset in datasets)
    ]
    published = {position.column for row in rows for position in row.positions if position.published}
    titles = {dataset: inputs.dataset_title(dataset) for dataset in datasets}
    model = TableModel(name, paper, declared, titles, columns, published, rows)
    model.footnotes = _footnotes(model)
    return model


def _rows(paper: ResolvedPaper) -> Iterator[tuple[str, str, str, str]]:
    """Yield group, label, backbone and arm, in the paper's order."""
    for name, arm in paper.arms.items():
        if arm.classifier is not None:
            yield "pixels", arm.label or name, NO_BACKBONE, name
    for backbone in paper.backbones:
        for name in arms_of(paper, backbone):
            yield backbone, row_label(paper, backbone, name), backbone, name


def row_label(paper: ResolvedPaper, backbone: str, arm: str) -> str:
    """Return "VGG-16" for an arm without mechanism and label, else "VGG-16 (with L1)"."""
    declared = paper.arms[arm]
    inner = declared.label or ("" if declared.mechanism == "none" else arm)
    return f"{backbone_label(paper, backbone)} ({inner})" if inner else backbone_label(paper, backbone)


def _position(inputs: Inputs, paper: ResolvedPaper, name: str, column: Column, network: tuple[str, str]) -> Position:
    backbone, arm = network
    rows = rows_of(inputs.published(paper.name), table=name, backbone=backbone, arm=arm)
    published = published_value(rows, column)
    if not column.dataset:
        cost = counted_value(inputs.costs, paper.name, name, backbone, arm, column.metric)
        number = None if cost is None else Number(cost, None, 1, ())
        return Position(column, published, number, None, single_reason="" if number else NOT_COUNTED)
    place = (paper, column.dataset, backbone, arm, column.metric)
    whole = inputs.measured_rows.of(*place)
    measured = _with_lost(whole, column.class_name)
    compared = rows_of(inputs.compared_rows.of(*place), class_name=column.class_name)
    cell = inputs.cell(paper, column.dataset, backbone, arm)
    missing = (cell.missing if cell else "Not in the plan of this selection.") or ""
    marks, seed = paper.tables[name].marks, inputs.seeds[0]
    single, single_reason = number_of_a_seed(measured, seed, compared, arm, marks)
    runs, reason = number_over_runs(measured, compared, arm, marks)
    absent = missing or (
        "Not measured yet."
        if whole.empty
        else f"The data set has no class '{column.class_name}'."
        if measured.empty
        else ""
    )
    tests = [str(n) for n in rows_of(measured, procedure="runs")["n_test"] if n]
    return Position(
        column,
        published,
        single,
        runs,
        n_test=tests[0] if tests else "",
        stand_in=bool(measured["stand_in"].any() or (cell is not None and cell.stand_in)),
        leak=next((leak for leak in measured["leak"] if leak), ""),
        single_reason=single_reason if single else absent or single_reason or reason,
        reason=reason if runs else absent or reason,
    )


def _with_lost(rows: pd.DataFrame, class_name: str) -> pd.DataFrame:
    """Return the rows of a class, and those that lost their class's name as nothing was measured."""
    lost = (rows["class_name"] == "") & (rows["status"] != "measured")
    return rows[(rows["class_name"] == class_name) | lost]


def _footnotes(model: TableModel) -> dict[str, str]:
    """Return the footnotes, lettered in the order in which a reader meets them; stand-ins and leaks come last."""
    texts: dict[str, None] = {}
    positions = [position for row in model.rows for position in row.positions]
    for position in positions:
        if position.published is None and position.column in model.published_columns:
            texts[NOT_PUBLISHED] = None
        for reason in (position.single_reason, position.reason):
            if reason:
                texts[reason] = None
    notes = {_letters(number): text for number, text in enumerate(texts)}
    if any(position.stand_in for position in positions):
        notes[STAND_IN] = STAND_IN_TEXT
    leaks = dict.fromkeys(position.leak for position in positions if position.leak)
    if leaks:
        notes[LEAK] = f"By the paper's own reading, {'; '.join(leaks)}: too good to be a measurement of new images."
    return notes


def _letters(number: int) -> str:
    """Return a, b, ..., z, aa, ab, ... for 0, 1, ..."""
    before, last = divmod(number, 26)
    return (_letters(before - 1) if before else "") + chr(ord("a") + last)


def in_unit_of(table: Table, metric: str) -> float:
    """Return the factor that brings a measured value to the unit in which a table shows it."""
    return 0.01 if METRICS[metric].unit == "percent" and table.unit == "fraction" else 1.0


def decimals_of(table: Table, metric: str) -> int:
    """Return the decimals with which a table shows a metric."""
    return next((decimals for name, decimals in table.decimals_of.items() if name == metric), table.decimals)
