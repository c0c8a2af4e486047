"""A paper's table as CSV: one row for each network and column, in full precision."""

import pandas as pd

from medattn.metrics.registry import METRICS
from medattn.render.tables.paper_table import PaperTable, TableEntry, TableRow
from medattn.render.tables.table_values import MeasuredValue
from medattn.text_formats import csv_of


def to_csv(table: PaperTable) -> str:
    """Return the table as CSV: published values digit for digit, measured values unrounded in their own unit."""
    records = [_record(table, row, entry) for row in table.rows for entry in row.entries]
    return csv_of(pd.DataFrame(records))


def _record(table: PaperTable, row: TableRow, entry: TableEntry) -> dict[str, object]:
    published, column = entry.published, entry.column
    return {
        "paper": table.paper.name,
        "experiment": table.paper.experiment,
        "table": table.name,
        "dataset": column.dataset,
        "backbone": row.backbone,
        "arm": row.arm,
        "label": row.label,
        "metric": column.metric,
        "class_name": column.class_name,
        "published_mean": published.mean if published else "",
        "published_sd": published.sd if published else "",
        "published_unit": _published_unit(table, column.metric) if published else "",
        "published_marks": "|".join(published.marks) if published else "",
        "unit": METRICS[column.metric].unit,
        "procedure": table.paper.protocol.column_title.lower() if column.dataset else "counted",
        **_measured("single", entry.single),
        **_measured("runs", entry.runs),
        "n_test": entry.n_test,
        "stand_in": entry.stand_in,
        "leak": entry.leak,
        "reason": "; ".join(dict.fromkeys(r for r in (entry.single_reason, entry.reason) if r)),
    }


def _published_unit(table: PaperTable, metric: str) -> str:
    unit = METRICS[metric].unit
    return table.declared.unit if unit == "percent" else unit


def _measured(procedure: str, value: MeasuredValue | None) -> dict[str, object]:
    return {
        f"{procedure}_mean": value.mean if value else "",
        f"{procedure}_sd": "" if value is None or value.sd is None else value.sd,
        f"n_{procedure}": value.n if value else "",
        f"{procedure}_marks": "|".join(value.marks) if value else "",
    }
