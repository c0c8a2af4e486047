"""What stands behind the numbers of a cell: measurements, claims, comparisons, costs and runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from medattn.metrics.registry import METRICS
from medattn.plan.model import Cell, CellKey, Run
from medattn.render.inputs import Inputs
from medattn.report.names import cell_title
from medattn.report.rows import plain_rows
from medattn.report.runs import choice_of, run_details

_MEASURED = (
    "metric", "class_name", "procedure", "seed", "fold", "value", "spread", "n", "n_test", "unit", "leak", "status",
    "reason",
)  # fmt: skip
_COMPARED = (
    "arm", "against", "metric", "class_name", "procedure", "test", "n", "quantity", "estimate", "low", "high", "p",
    "p_adjusted", "note",
)  # fmt: skip
_COSTS = ("params", "macs", "published_params_m", "published_gflops", "verdict", "height", "width", "note")
_EPOCHS = ("seed", "fold", "epoch", "value")
_PLACE = ["paper", "experiment", "dataset", "backbone", "arm"]

Rows = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Evidence:
    """The rows of each cell in the tables of the selection, and the packs of its runs.

    Attributes:
        measurements: rows of measurements.csv by cell.
        comparisons: rows of comparisons.csv by cell, of the arm and of the one that it is compared with.
        epochs: measured epochs of epochs.csv by cell.
        costs: rows of complexity.csv by paper, backbone and arm.
        claims: claims by cell.
        packs: pack of each run.
    """

    measurements: Rows
    comparisons: Rows
    epochs: Rows
    costs: Mapping[tuple[str, str, str], pd.DataFrame]
    claims: Mapping[str, list[dict[str, Any]]]
    packs: Mapping[str, str]


def evidence(inputs: Inputs, claims: Mapping[str, list[dict[str, Any]]]) -> Evidence:
    """Sort the rows of all tables by cell, once."""
    against = inputs.comparisons.assign(arm=inputs.comparisons["against"], other=inputs.comparisons["arm"])
    both = pd.concat([inputs.comparisons, against]) if len(against) else inputs.comparisons
    costs = inputs.costs.groupby(["paper", "backbone", "arm"], sort=False)
    return Evidence(
        measurements=_by_cell(inputs.measurements),
        comparisons=_by_cell(both),
        epochs=_by_cell(inputs.epochs[inputs.epochs["measured"]]),
        costs={(str(key[0]), str(key[1]), str(key[2])): rows for key, rows in costs},
        claims=claims,
        packs={run: pack.id for pack in inputs.plan.packs.values() for run in pack.runs},
    )


def cell_details(inputs: Inputs, cell: Cell, known: Evidence) -> dict[str, Any]:
    """Return what the page shows when a number of the cell is opened.

    The attention map is that of the first run which has one; the runs of the cross-validation that chose are counted
    and not listed.

    Raises:
        UserError: a record or another file of a run is damaged.
    """
    runs = inputs.plan.runs_of(cell.id, "train")
    mapped = _first_with_map(inputs, runs)
    costs = known.costs.get((cell.paper, cell.backbone, cell.arm))
    return {
        "id": cell.id,
        "title": cell_title(cell),
        "paper": cell.paper,
        "stand_in": cell.stand_in,
        "missing": cell.missing or "",
        "leak": cell.leak,
        "classes": cell.classes,
        "metrics": {name: [METRICS[name].title, METRICS[name].words] for name in _metrics(cell, known)},
        "measurements": _rows(known.measurements, cell, _MEASURED),
        "claims": [_claim(row) for row in known.claims.get(cell.id, [])],
        "comparisons": _compared(known.comparisons, cell),
        "costs": [] if costs is None else plain_rows(costs.head(1), _COSTS),
        "epochs": _rows(known.epochs, cell, _EPOCHS),
        "tuned": len(inputs.plan.runs_of(cell.id, "tune")),
        "choice": choice_of(inputs, cell) if cell.is_tuned else None,
        "runs": [run_details(inputs, run, known.packs.get(run.id, ""), run.id == mapped) for run in runs],
        # As commands name it where the selection was run, wherever the folder lies when the page is made again.
        "folder": f"{inputs.configuration.selection.results}/{inputs.plan.selection}",
    }


def _metrics(cell: Cell, known: Evidence) -> list[str]:
    costs = [name for name, facts in METRICS.items() if not facts.measured]
    claimed = [row["metric"] for row in known.claims.get(cell.id, [])]
    return [name for name in dict.fromkeys([*cell.metrics, *claimed, *costs]) if name in METRICS]


def _first_with_map(inputs: Inputs, runs: list[Run]) -> str:
    return next((run.id for run in runs if inputs.results.run(run.cell, run.name).maps.is_file()), "")


def _by_cell(table: pd.DataFrame) -> Rows:
    return {
        CellKey(*(str(part) for part in key)).id: rows for key, rows in table.groupby(_PLACE, sort=False, dropna=False)
    }


def _rows(of_cells: Rows, cell: Cell, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = of_cells.get(cell.id)
    return [] if rows is None else plain_rows(rows, columns)


def _compared(of_cells: Rows, cell: Cell) -> list[dict[str, Any]]:
    """Return the comparisons of the cell's arm, both those that it is named in first and second."""
    rows = _rows(of_cells, cell, (*_COMPARED, "other"))
    for row in rows:
        other = row.pop("other", None)
        if other:
            row["arm"] = other
    return rows


def _claim(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = (
        "claim", "kind", "table", "metric", "class_name", "statement", "published", "published_spread", "unit", "measured",
        "interval", "n", "procedure", "p", "verdict", "reason",
    )  # fmt: skip
    return {key: row[key] for key in kept if key in row}
