"""tables/answer.md: the pooled effects as a table in Markdown."""

from collections.abc import Callable, Hashable, Mapping
from math import isnan
from typing import Any

import pandas as pd

from medattn.answer.sentences import signed
from medattn.text_formats import to_markdown_text

Row = Mapping[Hashable, Any]
_ABOUT_P = (
    "p: of no effect on average, corrected by Holm's method for the number of mechanisms that are compared with "
    "vanilla, or with the same kind of placebo. It decides the verdict. answer.csv has the p of single data sets, too, "
    "corrected for the number of data sets of the mechanism."
)
_LEFT = ("Mechanism", "Against", "Metric", "Verdict", "Data sets")
_STAND_IN = "†: measured on stand-in images, which show only that the code runs."
_LEAK = "‡: test images influenced training or a choice, so the values may be too high."


def answer_markdown(table: pd.DataFrame, titles: Mapping[str, str]) -> str:
    """Return the pooled effects in Markdown: for each scope its sentences on accuracy, then a table of all metrics.

    Columns in which a table has no value are left out.

    Args:
        table: the rows of answer.csv.
        titles: titles of the data sets by name; those of synthetic images say so.
    """
    pooled = table[table["level"] == "pooled"]
    parts = ["# Does attention help?"]
    for scope in pooled["scope"].unique():
        rows = pooled[pooled["scope"] == scope]
        parts.append(f"## {'All papers of the selection' if scope == 'selection' else to_markdown_text(scope)}")
        parts.append(
            "\n".join(f"- {to_markdown_text(text)}" for text in rows.loc[rows["metric"] == "accuracy", "sentence"])
        )
        parts.append("\n".join(_table(rows, titles)))
    if pooled.empty:
        parts.append("No mechanism was measured next to the same network without it.")
    else:
        parts.append(_ABOUT_P)
        parts += [_STAND_IN] if pooled["stand_in"].any() else []
        parts += [_LEAK] if (pooled["leak"] != "").any() else []
    return "\n\n".join(parts) + "\n"


def _table(rows: pd.DataFrame, titles: Mapping[str, str]) -> list[str]:
    """Return the lines of the table of a scope."""
    columns: dict[str, Callable[[Row], str]] = {
        "Mechanism": lambda row: row["title"] + (" †" if row["stand_in"] else "") + (" ‡" if row["leak"] else ""),
        "Against": lambda row: row["against"],
        "Metric": lambda row: row["metric"],
        "Verdict": lambda row: row["verdict"],
        "Difference": lambda row: signed(row["difference"], _unit(row)),
        "Interval": lambda row: _interval(row["low"], row["high"], _unit(row)),
        "p": lambda row: "" if isnan(row["p_adjusted"]) else f"{row['p_adjusted']:.2g}",
        "On a further data set": lambda row: _interval(row["prediction_low"], row["prediction_high"], _unit(row)),
        "I²": lambda row: "" if isnan(row["i2"]) else f"{row['i2']:.0f}%",
        "Data sets": lambda row: _datasets(row, titles),
        "Seeds": lambda row: str(row["seeds"]),
        "Runs": lambda row: str(row["runs"]),
        "Parameters": _parameters,
        "Time per step": lambda row: "" if isnan(row["extra_time_percent"]) else f"{row['extra_time_percent']:+z.0f}%",
    }
    records = rows.to_dict("records")
    filled = {heading: [field(row) for row in records] for heading, field in columns.items()}
    shown = {heading: fields for heading, fields in filled.items() if any(fields)}
    sides = [":--" if heading in _LEFT else "--:" for heading in shown]
    return [_line([*shown]), _line(sides), *(_line(list(fields)) for fields in zip(*shown.values(), strict=True))]


def _unit(row: Row) -> str:
    return " points" if row["unit"] == "percent" else ""


def _datasets(row: Row, titles: Mapping[str, str]) -> str:
    return ", ".join(titles[name] for name in row["dataset"].split(";"))


def _parameters(row: Row) -> str:
    return "" if isnan(row["extra_params"]) else f"{row['extra_params']:+,.0f} ({row['extra_params_percent']:+z.2g}%)"


def _interval(low: float, high: float, unit: str) -> str:
    return "" if isnan(low) else f"{signed(low, unit)} to {signed(high, unit)}"


def _line(fields: list[str]) -> str:
    return "| " + " | ".join(to_markdown_text(text) for text in fields) + " |"
