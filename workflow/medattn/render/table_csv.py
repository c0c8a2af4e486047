"""A table as comma-separated values: long, a row per cell, numbers as they were measured."""

import pandas as pd

from medattn.render.numbers import Number
from medattn.render.tables import Position, Row, TableModel


def long_table(model: TableModel) -> str:
    """Return the table as CSV: printed numbers as printed, measured ones with all their digits."""
    records = [_record(model, row, position) for row in model.rows for position in row.positions]
    return str(pd.DataFrame(records).to_csv(index=False))


def _record(model: TableModel, row: Row, position: Position) -> dict[str, object]:
    printed = position.printed
    return {
        "paper": model.paper,
        "table": model.name,
        "dataset": position.dataset,
        "backbone": row.backbone,
        "arm": row.arm,
        "label": row.label,
        "metric": model.declared.metric,
        "unit": "percent",
        "printed_mean": printed.mean if printed else "",
        "printed_sd": printed.sd if printed else "",
        "printed_marks": "|".join(printed.marks) if printed else "",
        **_measured("epochs", position.epochs),
        **_measured("runs", position.runs),
        "n_test": position.n_test,
        "stand_in": position.stand_in,
        "reason": position.reason,
    }


def _measured(procedure: str, number: Number | None) -> dict[str, object]:
    return {
        f"{procedure}_mean": number.mean if number else "",
        f"{procedure}_sd": "" if number is None or number.sd is None else number.sd,
        f"n_{procedure}": number.n if number else "",
        f"{procedure}_marks": "|".join(number.marks) if number else "",
    }
