"""Details of a cell, which open on a click: measurements, claims, comparisons, costs and runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from medattn.measure.readings import metric_readings
from medattn.metrics.registry import METRICS
from medattn.plan.model import Cell, CellKey, Run
from medattn.render.inputs import Inputs
from medattn.report.cell_titles import TEST_TITLES, cell_title
from medattn.report.plain_rows import plain_rows
from medattn.report.run_details import run_details, tuning_of

_MEASUREMENT_COLUMNS = (
    "metric", "class_name", "procedure", "seed", "fold", "value", "spread", "n", "n_test", "unit", "leak", "status",
    "reason",
)  # fmt: skip
_COMPARISON_COLUMNS = (
    "arm", "against", "metric", "class_name", "procedure", "test", "n", "quantity", "estimate", "low", "high", "p",
    "p_adjusted", "note",
)  # fmt: skip
_READING_COLUMNS = (
    "level", "against", "against_backbone", "metric", "class_name", "reading", "leak", "is_default", "is_open", "mean",
    "sd", "n", "difference", "low", "high", "p",
)  # fmt: skip
_COST_COLUMNS = ("params", "macs", "published_params_m", "published_gflops", "verdict", "height", "width", "note")
_EPOCH_COLUMNS = ("seed", "fold", "epoch", "value")
_CELL_KEY = ["paper", "experiment", "dataset", "backbone", "arm"]

RowsByCell = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class CellTables:
    """The rows of the CSV files of the selection, grouped by cell.

    Attributes:
        measurements: rows of measurements.csv by cell.
        comparisons: rows of comparisons.csv by cell, under both arms of each comparison.
        readings: rows of multiverse.csv by cell; comparisons under their first arm.
        epochs: measured epochs of epochs.csv by cell.
        costs: rows of complexity.csv by paper, backbone and arm.
        claims: claims by cell.
        packs: name of the pack of each run.
    """

    measurements: RowsByCell
    comparisons: RowsByCell
    readings: RowsByCell
    epochs: RowsByCell
    costs: Mapping[tuple[str, str, str], pd.DataFrame]
    claims: Mapping[str, list[dict[str, Any]]]
    packs: Mapping[str, str]


def group_by_cell(inputs: Inputs, claims: Mapping[str, list[dict[str, Any]]]) -> CellTables:
    """Group the rows of all CSV files by cell."""
    against = inputs.comparisons.assign(arm=inputs.comparisons["against"], other=inputs.comparisons["arm"])
    both = pd.concat([inputs.comparisons, against]) if len(against) else inputs.comparisons
    costs = inputs.costs.groupby(["paper", "backbone", "arm"], sort=False)
    return CellTables(
        measurements=_by_cell(inputs.measurements),
        comparisons=_by_cell(both),
        readings=_by_cell(inputs.multiverse),
        epochs=_by_cell(inputs.epochs[inputs.epochs["measured"]]),
        costs={(str(key[0]), str(key[1]), str(key[2])): rows for key, rows in costs},
        claims=claims,
        packs={run: pack.id for pack in inputs.plan.packs.values() for run in pack.runs},
    )


def cell_details(inputs: Inputs, cell: Cell, tables: CellTables) -> dict[str, Any]:
    """Return the details of a cell.

    The attention map is from the first run that has one. Runs of hyper-parameter tuning are counted, not listed.

    Raises:
        UserError: a record or another file of a run is damaged.
    """
    runs = inputs.plan.runs_of(cell.id, "train")
    mapped = _first_run_with_map(inputs, runs)
    costs = tables.costs.get((cell.paper, cell.backbone, cell.arm))
    return {
        "id": cell.id,
        "title": cell_title(cell),
        "paper": cell.paper,
        "stand_in": cell.stand_in,
        "missing": cell.missing or "",
        "leak": cell.leak,
        "classes": cell.classes,
        "metrics": {name: [METRICS[name].title, METRICS[name].words] for name in _metrics(cell, tables)},
        "measurements": _rows(tables.measurements, cell, _MEASUREMENT_COLUMNS),
        "claims": [_claim(row) for row in tables.claims.get(cell.id, [])],
        "comparisons": _compared(tables.comparisons, cell),
        "readings": _readings(tables.readings, cell),
        "costs": [] if costs is None else plain_rows(costs.head(1), _COST_COLUMNS),
        "epochs": _rows(tables.epochs, cell, _EPOCH_COLUMNS),
        "tuned": len(inputs.plan.runs_of(cell.id, "tune")),
        "tuning": tuning_of(inputs, cell) if cell.is_tuned else None,
        "runs": [run_details(inputs, run, tables.packs.get(run.id, ""), run.id == mapped) for run in runs],
        # The folder as commands name it where the selection was run, even if the results were moved since.
        "folder": f"{inputs.configuration.selection.results}/{inputs.plan.selection}",
    }


def _metrics(cell: Cell, tables: CellTables) -> list[str]:
    costs = [name for name, facts in METRICS.items() if not facts.measured]
    claimed = [row["metric"] for row in tables.claims.get(cell.id, [])]
    return [name for name in dict.fromkeys([*cell.metrics, *claimed, *costs]) if name in METRICS]


def _first_run_with_map(inputs: Inputs, runs: list[Run]) -> str:
    return next((run.id for run in runs if inputs.results.run(run.folder, run.name).maps.is_file()), "")


def _by_cell(table: pd.DataFrame) -> RowsByCell:
    return {
        CellKey(*(str(part) for part in key)).id: rows
        for key, rows in table.groupby(_CELL_KEY, sort=False, dropna=False)
    }


def _rows(rows_by_cell: RowsByCell, cell: Cell, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = rows_by_cell.get(cell.id)
    return [] if rows is None else plain_rows(rows, columns)


def _compared(rows_by_cell: RowsByCell, cell: Cell) -> list[dict[str, Any]]:
    """Return the comparisons that involve the arm of the cell, as first or as second arm."""
    rows = _rows(rows_by_cell, cell, (*_COMPARISON_COLUMNS, "other"))
    for row in rows:
        row["test"] = TEST_TITLES.get(row["test"], row["test"])
        other = row.pop("other", None)
        if other:
            row["arm"] = other
    return rows


def _readings(rows_by_cell: RowsByCell, cell: Cell) -> list[dict[str, Any]]:
    """Return the values and the differences under each reading, with the title of the reading."""
    rows = _rows(rows_by_cell, cell, _READING_COLUMNS)
    titles = {
        metric: {reading.name: reading.title for reading in metric_readings(cell.settings.protocol, metric)}
        for metric in cell.metrics
    }
    for row in rows:
        row["title"] = titles.get(row["metric"], {}).get(row["reading"], row["reading"])
    return rows


def _claim(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = (
        "claim", "kind", "table", "metric", "class_name", "statement", "published", "published_spread", "unit",
        "measured", "interval", "n", "procedure", "p", "verdict", "reason", "fragile", "stability",
    )  # fmt: skip
    return {key: row[key] for key in kept if key in row}
