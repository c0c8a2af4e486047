"""Table of the costs of a paper's networks: published, counted, and the verdict."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from medattn.errors import UserError
from medattn.layout import complexity_table
from medattn.render.inputs import Inputs
from medattn.render.tables.format_table import DASH
from medattn.render.tables.formatted_table import FormattedField, FormattedRow, FormattedTable
from medattn.render.tables.write_table import write_formats
from medattn.result_tables import rows_of
from medattn.text_formats import csv_of

CostRow = Mapping[Hashable, Any]

_GROUPS = (("Input", 2), ("Parameters (M)", 3), ("GFLOPs", 3), ("Training", 2), ("Verdict", 1))
_COLUMNS = ("data", "px", "Published", "Counted", "C1", "Published", "MACs", "C1", "batch", "MiB", "")
_CAPTION = (
    "Costs of the paper's networks. Published: the value in the paper. Counted: all parameters, in millions. MACs: "
    "multiply-accumulate operations for one image in evaluation mode, in billions (convolutions, linear layers and "
    "matrix products; one MAC is two FLOPs). C1: parameters and operations as counted by the 2020 and 2021 releases of "
    "the profiler thop. MiB: size of the float32 tensors that one training step at the recipe's batch size keeps for "
    "the backward pass. Verdict: whether the counted value, after rounding, equals the published value. Arms with a "
    "hyper-parameter grid are counted at its first values."
)
_NETWORK = ["experiment", "height", "width", "backbone", "arm"]


def write_complexity_table(inputs: Inputs, paper: str) -> None:
    """Write tables/<paper>-complexity.csv, .md, .tex and .html, and its caption.

    Raises:
        UserError: the costs were not counted yet.
    """
    if inputs.costs.empty:
        raise UserError(f"{inputs.results.complexity}: no such file; run `medattn complexity --write` first")
    rows = _shown_rows(inputs.costs, paper)
    csv_text = csv_of(rows)
    write_formats(inputs, format_complexity_table(inputs, paper), csv_text, f"{_CAPTION} {_verdicts(rows)}")


def format_complexity_table(inputs: Inputs, paper: str) -> FormattedTable:
    """Return the table of the costs of a paper's networks as text."""
    records = _shown_rows(inputs.costs, paper).to_dict("records")
    signs = {note: str(number) for number, note in enumerate(dict.fromkeys(r["note"] for r in records if r["note"]), 1)}
    return FormattedTable(
        complexity_table(paper),
        [_GROUPS, [(title, 1) for title in _COLUMNS]],
        [
            FormattedRow(f"{r['dataset']} {r['backbone']}", _label(inputs, r), _fields(inputs, r, signs))
            for r in records
        ],
        {sign: note for note, sign in signs.items()},
    )


def _shown_rows(costs: pd.DataFrame, paper: str) -> pd.DataFrame:
    """Return the rows of complexity.csv that the table of a paper shows.

    These are the rows with a published cost and, counted for the same data sets, the networks without one. If the paper
    publishes no costs, all networks are shown. Cells without a network are left out.
    """
    rows = rows_of(costs, paper=paper)
    rows = rows[rows["params"].notna() | (rows["published_params_m"] != "")]
    published = rows[(rows["published_params_m"] != "") | (rows["published_gflops"] != "")]
    if published.empty:
        return rows
    taken = set(published["experiment"] + "/" + published["counted_for"])
    others = rows.drop(published.index)
    others = others[(others["experiment"] + "/" + others["counted_for"]).isin(taken)]
    others = others[~others[_NETWORK].apply(tuple, axis=1).isin(set(published[_NETWORK].apply(tuple, axis=1)))]
    return pd.concat([published, others]).sort_values(["experiment", "backbone"], kind="stable", key=_first_seen)


def _first_seen(values: pd.Series) -> pd.Series:
    """Return sort keys that keep values in the order of their first occurrence."""
    ranks = {value: rank for rank, value in enumerate(dict.fromkeys(values))}
    return values.map(ranks)


def _verdicts(rows: pd.DataFrame) -> str:
    verdicts = rows[rows["published_params_m"] != ""]["verdict"].value_counts()
    if verdicts.empty:
        return "The paper publishes no costs."
    return f"Verdicts on {verdicts.sum()} published rows: {', '.join(f'{name} {n}' for name, n in verdicts.items())}."


def _label(inputs: Inputs, row: CostRow) -> str:
    key = (row["paper"], row["backbone"], row["arm"])
    cell = next((c for c in inputs.plan.cells.values() if (c.paper, c.backbone, c.arm) == key), None)
    backbone, arm = (cell.backbone_label, cell.arm_label) if cell else (row["backbone"], row["arm"])
    return f"{backbone} ({arm})" if arm else backbone


def _fields(inputs: Inputs, row: CostRow, signs: dict[str, str]) -> tuple[FormattedField, ...]:
    texts = [
        _data_titles(inputs, row),
        _number(row["height"], 1, 0),
        row["published_params_m"] or DASH,
        _number(row["params"], 1e6, 3),
        _number(row["counter_c1_params"], 1e6, 3),
        row["published_gflops"] or DASH,
        _number(row["macs"], 1e9, 3),
        _number(row["counter_c1_gflops"], 1, 3),
        _number(row["batch"], 1, 0),
        _number(row["activation_bytes"], 2**20, 0),
    ]
    verdict = FormattedField(row["verdict"], notes=(signs[row["note"]],) if row["note"] else ())
    return (*map(FormattedField, texts), verdict)


def _data_titles(inputs: Inputs, row: CostRow) -> str:
    """Return the titles of the data sets that a row of complexity.csv was counted for."""
    known = inputs.configuration.datasets
    names = [name for name in str(row["dataset"]).split("+") if name in known]
    if not names:
        of_paper = (paper for paper in inputs.configuration.papers if paper.name == row["paper"])
        names = [name for paper in of_paper if paper.experiment == row["experiment"] for name in paper.datasets]
    return ", ".join(inputs.dataset_title(name) for name in names)


def _number(value: float, unit: float, decimals: int) -> str:
    return DASH if pd.isna(value) else f"{value / unit:.{decimals}f}"
