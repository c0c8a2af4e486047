"""Values of measurements.csv that a new table must keep."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from medattn.errors import UserError
from medattn.layout import ResultPaths
from medattn.plan.earlier_rows import earlier_rows
from medattn.plan.losses import ALLOW
from medattn.plan.model import CellKey, Plan, run_key

_KEY = ("paper", "experiment", "dataset", "backbone", "arm", "metric", "class_name", "procedure", "seed", "fold")


def refuse_fewer_values(plan: Plan, results: ResultPaths, rows: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a table that lacks planned values of the present measurements.csv.

    Values of runs and metrics that the plan does not have may go: whoever froze the plan was told of them.

    Args:
        plan: the plan.
        results: the folder with measurements.csv.
        rows: the rows of the new table.

    Raises:
        UserError: a planned value is missing, or a mean is over fewer seeds; one line says which and why.
    """
    found = {_key(row): row for row in rows}
    lost = []
    for row in _planned(plan, results):
        new = found.get(_key(row))
        if new is None or new["status"] != "measured":
            reason = (new or {}).get("reason") or ("it has no value any more" if new else "not measured")
            lost.append(f"{_words(row)}: {reason}")
        elif row["procedure"] == "runs" and int(float(row["n"] or 0)) > int(new["n"] or 0):
            lost.append(f"{_words(row)}, over {new['n']} instead of {row['n']} seeds: {new['reason']}")
    if lost:
        raise UserError(
            f"{results.measurements}: stopped, because {len(lost)} of its values would get lost; nothing was changed "
            f"(the first: {lost[0]}); restore the runs or the metric, or repeat the command with {ALLOW}"
        )


def _planned(plan: Plan, results: ResultPaths) -> Iterator[Mapping[str, str]]:
    """Yield the measured rows of measurements.csv whose metric and runs the plan has."""
    keys = {cell: {run.key for run in plan.runs_of(cell, "train")} for cell in plan.cells}
    for row in earlier_rows(results.measurements):
        if set(_KEY) <= set(row) and row.get("status") == "measured":
            cell = CellKey.of_row(row).id
            runs = {run_key(run.partition("/")[2]) for run in str(row.get("runs")).split(";")}
            if cell in plan.cells and row["metric"] in plan.cells[cell].metrics and runs <= keys[cell]:
                yield row


def _key(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple("" if row.get(key) is None else str(row[key]) for key in _KEY)


def _words(row: Mapping[str, Any]) -> str:
    seed = f" of seed {row['seed']}" if row["seed"] else ""
    fold = f", fold {row['fold']}" if row["fold"] else ""
    return f"{row['metric']}{seed}{fold} of {CellKey.of_row(row).id}"
