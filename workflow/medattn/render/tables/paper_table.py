"""A paper's table: its rows, columns, values and footnotes, independent of the output format."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd

from medattn.compare.pairs import arms_of
from medattn.complexity.lookup import counted_value
from medattn.config.models.paper import Table
from medattn.config.resolved import NO_BACKBONE, ResolvedPaper
from medattn.metrics.registry import METRICS
from medattn.render.inputs import Inputs, backbone_label
from medattn.render.tables.table_columns import Column, columns_of
from medattn.render.tables.table_values import (
    MeasuredValue,
    PublishedText,
    published_value,
    value_of_seed,
    value_over_runs,
)
from medattn.result_tables import rows_of

STAND_IN = "†"
STAND_IN_TEXT = "Measured on stand-in images in place of the paper's own; this does not reproduce the published value."
LEAK = "‡"
NOT_PUBLISHED = "The paper does not report this value."
NOT_COUNTED = "Not counted yet; run `medattn complexity --write`."


@dataclass(frozen=True)
class TableEntry:
    """The values of one network in one column.

    Attributes:
        column: the column.
        published: the published value.
        single: the value of the first seed by the paper's procedure; the counted value of a cost.
        runs: the value over runs.
        n_test: number of test images.
        stand_in: whether the value was measured on stand-in images.
        leak: how test images influenced a choice or the training; empty if they did not.
        single_reason: why `single` is missing, or a remark about it.
        reason: why `runs` is missing, or a remark about it.
    """

    column: Column
    published: PublishedText | None
    single: MeasuredValue | None
    runs: MeasuredValue | None
    n_test: str = ""
    stand_in: bool = False
    leak: str = ""
    single_reason: str = ""
    reason: str = ""


@dataclass(frozen=True)
class TableRow:
    """A network of the table; consecutive rows with the same `group` are drawn as one block."""

    group: str
    label: str
    backbone: str
    arm: str
    entries: tuple[TableEntry, ...]


@dataclass
class PaperTable:
    """A table in the layout of its paper.

    Attributes:
        name: name of the table.
        paper: the resolved paper, in the table's experiment.
        declared: the table's entry in paper.yaml.
        datasets: names and titles of the data sets, in order.
        columns: the columns, in order.
        published_columns: the columns with published values.
        rows: the rows in the paper's order.
        footnotes: texts by their signs, in the order of first use.
    """

    name: str
    paper: ResolvedPaper
    declared: Table
    datasets: dict[str, str]
    columns: list[Column]
    published_columns: set[Column]
    rows: list[TableRow]
    footnotes: dict[str, str] = field(default_factory=dict)

    def sign_of(self, text: str) -> str:
        """Return the sign of the footnote with this text."""
        return next(sign for sign, known in self.footnotes.items() if known == text)


def paper_table(inputs: Inputs, paper: ResolvedPaper, name: str) -> PaperTable:
    """Build the table `name` of a paper from its published and measured values."""
    declared = paper.tables[name]
    datasets = [dataset for dataset in paper.datasets if dataset in (declared.datasets or paper.datasets)]
    classes = {dataset: inputs.configuration.datasets[dataset].classes for dataset in datasets}
    columns = columns_of(declared, datasets, classes)
    rows = [
        TableRow(
            group,
            label,
            backbone,
            arm,
            tuple(_entry(inputs, paper, name, column, (backbone, arm)) for column in columns),
        )
        for group, label, backbone, arm in _rows(paper)
        if any(paper.shows(declared, dataset, backbone, arm) for dataset in datasets)
    ]
    published = {entry.column for row in rows for entry in row.entries if entry.published}
    titles = {dataset: inputs.dataset_title(dataset) for dataset in datasets}
    table = PaperTable(name, paper, declared, titles, columns, published, rows)
    table.footnotes = _footnotes(table)
    return table


def _rows(paper: ResolvedPaper) -> Iterator[tuple[str, str, str, str]]:
    """Yield group, label, backbone and arm of each row, in the paper's order."""
    for name, arm in paper.arms.items():
        if arm.classifier is not None:
            yield "pixels", arm.label or name, NO_BACKBONE, name
    for backbone in paper.backbones:
        for name in arms_of(paper, backbone):
            yield backbone, row_label(paper, backbone, name), backbone, name


def row_label(paper: ResolvedPaper, backbone: str, arm: str) -> str:
    """Return the label of a row: "VGG-16" for an arm without mechanism and label, else "VGG-16 (with L1)"."""
    declared = paper.arms[arm]
    inner = declared.label or ("" if declared.mechanism == "none" else arm)
    return f"{backbone_label(paper, backbone)} ({inner})" if inner else backbone_label(paper, backbone)


def _entry(inputs: Inputs, paper: ResolvedPaper, name: str, column: Column, network: tuple[str, str]) -> TableEntry:
    backbone, arm = network
    rows = rows_of(inputs.published(paper.name), table=name, backbone=backbone, arm=arm)
    published = published_value(rows, column)
    if not column.dataset:
        cost = counted_value(inputs.costs, paper.name, name, backbone, arm, column.metric)
        number = None if cost is None else MeasuredValue(cost, None, 1, ())
        return TableEntry(column, published, number, None, single_reason="" if number else NOT_COUNTED)
    place = (paper, column.dataset, backbone, arm, column.metric)
    whole = inputs.measured_rows.of(*place)
    measured = _with_missing(whole, column.class_name)
    compared = rows_of(inputs.compared_rows.of(*place), class_name=column.class_name)
    cell = inputs.cell(paper, column.dataset, backbone, arm)
    missing = (cell.missing if cell else "Not part of this selection.") or ""
    marks, seed = paper.tables[name].marks, inputs.seeds[0]
    looks, rising = max(1, len(inputs.configuration.selection.looks)), METRICS[column.metric].higher_is_better
    single, single_reason = value_of_seed(measured, seed, compared, arm, marks, higher_is_better=rising)
    runs, reason = value_over_runs(measured, compared, arm, marks, looks, higher_is_better=rising)
    absent = missing or (
        "Not measured yet."
        if whole.empty
        else f"The data set has no class '{column.class_name}'."
        if measured.empty
        else ""
    )
    tests = [str(n) for n in rows_of(measured, procedure="runs")["n_test"] if n]
    return TableEntry(
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


def _with_missing(rows: pd.DataFrame, class_name: str) -> pd.DataFrame:
    """Return the rows of a class, and rows of missing measurements, which name no class."""
    missing = (rows["class_name"] == "") & (rows["status"] != "measured")
    return rows[(rows["class_name"] == class_name) | missing]


def _footnotes(table: PaperTable) -> dict[str, str]:
    """Return the footnotes, lettered in reading order; those on stand-in images and leaks come last."""
    texts: dict[str, None] = {}
    entries = [entry for row in table.rows for entry in row.entries]
    for entry in entries:
        if entry.published is None and entry.column in table.published_columns:
            texts[NOT_PUBLISHED] = None
        for reason in (entry.single_reason, entry.reason):
            if reason:
                texts[reason] = None
    notes = {_letters(number): text for number, text in enumerate(texts)}
    if any(entry.stand_in for entry in entries):
        notes[STAND_IN] = STAND_IN_TEXT
    leaks = dict.fromkeys(entry.leak for entry in entries if entry.leak)
    if leaks:
        notes[LEAK] = f"Optimistic, because the protocol leaks test data: {'; '.join(leaks)}."
    return notes


def _letters(number: int) -> str:
    """Return a, b, ..., z, aa, ab, ... for 0, 1, ..."""
    before, last = divmod(number, 26)
    return (_letters(before - 1) if before else "") + chr(ord("a") + last)


def unit_factor(table: Table, metric: str) -> float:
    """Return the factor that converts a measured value to the unit of a table."""
    return 0.01 if METRICS[metric].unit == "percent" and table.unit == "fraction" else 1.0


def decimals_of(table: Table, metric: str) -> int:
    """Return the number of decimals that a table shows of a metric."""
    return next((decimals for name, decimals in table.decimals_of.items() if name == metric), table.decimals)
