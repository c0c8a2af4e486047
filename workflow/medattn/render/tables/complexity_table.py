"""The table of what a paper's networks cost: published, counted, and the verdict."""

import pandas as pd

from medattn.errors import UserError
from medattn.layout import complexity_table
from medattn.render.inputs import Inputs
from medattn.render.tables.complexity import Row, data_title, shown_rows
from medattn.render.tables.table_text import DASH
from medattn.render.tables.text_table import Field, TextRow, TextTable
from medattn.render.tables.write_tables import write_formats

_GROUPS = (("Input", 2), ("Parameters (M)", 3), ("GFLOPs", 3), ("Training", 2), ("Verdict", 1))
_COLUMNS = ("data", "px", "Published", "Counted", "C1", "Published", "MACs", "C1", "batch", "MiB", "")
_CAPTION = (
    "What the networks of the paper cost. Published: as the paper prints it. Counted: all parameters, in millions, and "
    "MACs, the multiply-accumulates of one image in evaluation, in billions (convolutions, linear layers and matrix "
    "products; FLOPs are twice that). C1: what the profiler thop of 2020 and 2021 sees, parameters and operations. "
    "Training: MiB of the tensors that one step at the recipe's batch keeps for its backward pass, in float32. "
    "Verdict: whether a count, rounded, has the published digits. Where hyper-parameters are searched, the first values "
    "of the grid are counted."
)


def write_complexity_table(inputs: Inputs, paper: str) -> None:
    """Write tables/<paper>-complexity.csv, .md, .tex and .html, and its caption.

    Raises:
        UserError: nothing was counted.
    """
    if inputs.costs.empty:
        raise UserError(f"{inputs.results.complexity}: no such file; run `medattn complexity --write` first")
    rows = shown_rows(inputs.costs, paper)
    numbers = str(rows.to_csv(index=False, lineterminator="\n"))
    caption = f"{_CAPTION} {_verdicts(rows)}".strip()
    write_formats(inputs, complexity_sheet(inputs, paper), numbers, caption)


def complexity_sheet(inputs: Inputs, paper: str) -> TextTable:
    """Return the table of what a paper's networks cost as text."""
    return _sheet(inputs, complexity_table(paper), shown_rows(inputs.costs, paper))


def _verdicts(rows: pd.DataFrame) -> str:
    published = rows[rows["published_params_m"] != ""]["verdict"].value_counts()
    if published.empty:
        return "The paper prints no costs."
    return (
        f"Of {published.sum()} published rows: " + ", ".join(f"{verdict} {n}" for verdict, n in published.items()) + "."
    )


def _sheet(inputs: Inputs, name: str, rows: pd.DataFrame) -> TextTable:
    records = rows.to_dict("records")
    notes = {note: str(number) for number, note in enumerate(dict.fromkeys(r["note"] for r in records if r["note"]), 1)}
    return TextTable(
        name,
        [_GROUPS, [(title, 1) for title in _COLUMNS]],
        [TextRow(f"{r['dataset']} {r['backbone']}", _label(inputs, r), _fields(inputs, r, notes)) for r in records],
        {sign: note for note, sign in notes.items()},
    )


def _label(inputs: Inputs, row: Row) -> str:
    cells = (c for c in inputs.plan.cells.values() if (c.paper, c.backbone, c.arm) == _place(row))
    cell = next(cells, None)
    backbone, arm = (cell.backbone_label, cell.arm_label) if cell else (row["backbone"], row["arm"])
    return f"{backbone} ({arm})" if arm else backbone


def _place(row: Row) -> tuple[str, str, str]:
    return row["paper"], row["backbone"], row["arm"]


def _fields(inputs: Inputs, row: Row, notes: dict[str, str]) -> tuple[Field, ...]:
    texts = [
        data_title(inputs, row),
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
    verdict = Field(row["verdict"], notes=(notes[row["note"]],) if row["note"] else ())
    return (*map(Field, texts), verdict)


def _number(value: float, unit: float, decimals: int) -> str:
    return DASH if pd.isna(value) else f"{value / unit:.{decimals}f}"
