"""A table in the paper's layout, free of any format: rows, columns, numbers, marks and footnotes."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd

from medattn.compare.pairs import arms_of
from medattn.config.paper import Table, shows
from medattn.config.resolved import NO_BACKBONE, ResolvedPaper
from medattn.render.inputs import Inputs, backbone_label, rows_of, rows_of_paper
from medattn.render.numbers import Number, Printed, epochs_number, printed_number, runs_number

STAND_IN = "†"
STAND_IN_TEXT = "Stand-in images, made or taken in place of the paper's own: not a reproduction of the number."
NOT_PRINTED = "The paper prints no number here."


@dataclass(frozen=True)
class Position:
    """What stands in one row below one data set.

    Attributes:
        dataset: name of the data set.
        printed: the number in the paper.
        epochs: the measured number by the paper's procedure.
        runs: the measured number over runs.
        n_test: test images.
        stand_in: whether it was measured on stand-in images.
        reason: why there is no measured number, or fewer runs than planned; empty where all is there.
    """

    dataset: str
    printed: Printed | None
    epochs: Number | None
    runs: Number | None
    n_test: str
    stand_in: bool
    reason: str


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
        paper: name of the paper.
        declared: what paper.yaml says of the table.
        datasets: names and titles of the data sets, in order.
        printed_datasets: the data sets with a column of printed numbers.
        rows: the rows in the paper's order.
        footnotes: texts by their sign, in the order of first use.
    """

    name: str
    paper: str
    declared: Table
    datasets: dict[str, str]
    printed_datasets: set[str]
    rows: list[Row]
    footnotes: dict[str, str] = field(default_factory=dict)

    def sign_of(self, text: str) -> str:
        """Return the sign of the footnote with this text."""
        return next(sign for sign, known in self.footnotes.items() if known == text)


def table_model(inputs: Inputs, paper: ResolvedPaper, name: str) -> TableModel:
    """Build the table `name` of `paper` from what was printed and measured."""
    declared = paper.tables[name]
    printed = rows_of(inputs.published(paper.name), table=name, metric=declared.metric)
    datasets = [name for name in paper.datasets if name in (declared.datasets or paper.datasets)]
    columns = {dataset for dataset in datasets if (printed["dataset"] == dataset).any()}
    rows = [
        Row(
            group,
            label,
            backbone,
            arm,
            tuple(_position(inputs, paper, name, (dataset, backbone, arm), unrun) for dataset in datasets),
        )
        for group, label, backbone, arm, unrun in _rows(paper)
        if any(shows(declared, dataset, backbone, arm) for dataset in datasets)
    ]
    titles = {dataset: inputs.dataset_title(dataset) for dataset in datasets}
    model = TableModel(name, paper.name, declared, titles, columns, rows)
    model.footnotes = _footnotes(model)
    return model


def _rows(paper: ResolvedPaper) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield group, label, backbone, arm and, for rows that can't be run, the reason, in the paper's order."""
    for name, arm in paper.arms.items():
        if arm.classifier is not None:
            yield "pixels", arm.label or name, NO_BACKBONE, name, ""
    for row in paper.unrun:
        yield "pixels", row.label, row.backbone, row.arm, row.reason
    for backbone in paper.backbones:
        for name in arms_of(paper, backbone):
            yield backbone, row_label(paper, backbone, name), backbone, name, ""


def row_label(paper: ResolvedPaper, backbone: str, arm: str) -> str:
    """Return "VGG-16" for an arm without mechanism and label, else "VGG-16 (with L1)"."""
    declared = paper.arms[arm]
    inner = declared.label or ("" if declared.mechanism == "none" else arm)
    return f"{backbone_label(paper, backbone)} ({inner})" if inner else backbone_label(paper, backbone)


def _position(inputs: Inputs, paper: ResolvedPaper, name: str, place: tuple[str, str, str], unrun: str) -> Position:
    dataset, backbone, arm = place
    table = paper.tables[name]
    keys = {"dataset": dataset, "backbone": backbone, "arm": arm, "metric": table.metric}
    measured = rows_of_paper(inputs.measurements, paper, **keys)
    compared = rows_of_paper(inputs.comparisons, paper, **keys)
    cell = inputs.cell(paper, dataset, backbone, arm)
    reasons = [unrun or (cell.missing if cell else None) or "", *_reasons(measured)]
    if not any(reasons) and measured.empty:
        reasons = ["Not in the plan of this selection." if cell is None else "Not measured yet."]
    tests = [str(n) for n in measured["n_test"] if n]
    return Position(
        dataset=dataset,
        printed=printed_number(rows_of(inputs.published(paper.name), table=name, **keys)),
        epochs=epochs_number(measured, inputs.seeds[0], compared, arm, table.marks),
        runs=runs_number(measured, compared, arm, table.marks),
        n_test=tests[0] if tests else "",
        stand_in=bool(measured["stand_in"].any() or (cell is not None and cell.stand_in)),
        reason="; ".join(dict.fromkeys(reason for reason in reasons if reason)),
    )


def _reasons(measured: pd.DataFrame) -> list[str]:
    """Return why rows were not measured: once for the cell, or seed by seed where others went well."""
    failed = measured[measured["status"] != "measured"]
    if len(failed) < len(measured):
        single = rows_of(failed, procedure="epochs")
        return [f"seed {seed:.0f}: {why}" for seed, why in zip(single["seed"], single["reason"], strict=True)]
    return list(dict.fromkeys(str(reason or "not measured") for reason in failed["reason"]))


def _footnotes(model: TableModel) -> dict[str, str]:
    """Return the footnotes, lettered in the order in which a reader meets them; stand-ins come last."""
    texts: dict[str, None] = {}
    positions = [position for row in model.rows for position in row.positions]
    for position in positions:
        if position.printed is None and position.dataset in model.printed_datasets:
            texts[NOT_PRINTED] = None
        if position.reason:
            texts[position.reason] = None
    notes = {_letters(number): text for number, text in enumerate(texts)}
    if any(position.stand_in for position in positions):
        notes[STAND_IN] = STAND_IN_TEXT
    return notes


def _letters(number: int) -> str:
    """Return a, b, ..., z, aa, ab, ... for 0, 1, ..."""
    before, last = divmod(number, 26)
    return (_letters(before - 1) if before else "") + chr(ord("a") + last)
