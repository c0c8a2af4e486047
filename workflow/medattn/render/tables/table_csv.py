"""A table as comma-separated values: long, a row per cell and metric, numbers as they were measured."""

import pandas as pd

from medattn.config.models.metrics import METRICS
from medattn.render.tables.numbers import Number
from medattn.render.tables.table_model import Position, Row, TableModel


def long_table(model: TableModel) -> str:
    """Return the table as CSV: published values as published, measured ones with all their digits in their own unit."""
    records = [_record(model, row, position) for row in model.rows for position in row.positions]
    return str(pd.DataFrame(records).to_csv(index=False))


def _record(model: TableModel, row: Row, position: Position) -> dict[str, object]:
    published, column = position.published, position.column
    return {
        "paper": model.paper.name,
        "experiment": model.paper.experiment,
        "table": model.name,
        "dataset": column.dataset,
        "backbone": row.backbone,
        "arm": row.arm,
        "label": row.label,
        "metric": column.metric,
        "class_name": column.class_name,
        "published_mean": published.mean if published else "",
        "published_sd": published.sd if published else "",
        "published_unit": _published_unit(model, column.metric) if published else "",
        "published_marks": "|".join(published.marks) if published else "",
        "unit": METRICS[column.metric].unit,
        "procedure": model.paper.protocol.column_title.lower() if column.dataset else "counted",
        **_measured("single", position.single),
        **_measured("runs", position.runs),
        "n_test": position.n_test,
        "stand_in": position.stand_in,
        "leak": position.leak,
        "reason": "; ".join(dict.fromkeys(r for r in (position.single_reason, position.reason) if r)),
    }


def _published_unit(model: TableModel, metric: str) -> str:
    unit = METRICS[metric].unit
    return model.declared.unit if unit == "percent" else unit


def _measured(procedure: str, number: Number | None) -> dict[str, object]:
    return {
        f"{procedure}_mean": number.mean if number else "",
        f"{procedure}_sd": "" if number is None or number.sd is None else number.sd,
        f"n_{procedure}": number.n if number else "",
        f"{procedure}_marks": "|".join(number.marks) if number else "",
    }
