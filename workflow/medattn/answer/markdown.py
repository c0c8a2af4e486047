"""tables/answer.md: the pooled effects as a table in Markdown."""

from collections.abc import Hashable, Mapping
from math import isnan
from typing import Any

import pandas as pd

from medattn.answer.sentences import signed
from medattn.text_formats import to_markdown_text

_HEADINGS = (
    "Mechanism", "Against", "Metric", "Verdict", "Difference", "Interval", "On a further data set", "I²", "Data sets",
    "Seeds", "Runs", "Parameters", "Time per step",
)  # fmt: skip


def answer_markdown(table: pd.DataFrame) -> str:
    """Return the pooled effects in Markdown: for each scope its sentences on accuracy, then a table of all metrics."""
    pooled = table[table["level"] == "pooled"]
    parts = ["# Does attention help?"]
    for scope in pooled["scope"].unique():
        rows = pooled[pooled["scope"] == scope]
        parts.append(f"## {'All papers of the selection' if scope == 'selection' else to_markdown_text(scope)}")
        parts.append(
            "\n".join(f"- {to_markdown_text(text)}" for text in rows.loc[rows["metric"] == "accuracy", "sentence"])
        )
        lines = [_line(_HEADINGS), _line([":--"] * 4 + ["--:"] * (len(_HEADINGS) - 4))]
        parts.append("\n".join([*lines, *(_line(_fields(row)) for row in rows.to_dict("records"))]))
    if pooled.empty:
        parts.append("No mechanism was measured next to the same network without it.")
    return "\n\n".join(parts) + "\n"


def _fields(row: Mapping[Hashable, Any]) -> list[str]:
    unit = " points" if row["unit"] == "percent" else ""
    return [
        row["title"] + (" †" if row["stand_in"] else "") + (" ‡" if row["leak"] else ""),
        row["against"],
        row["metric"],
        row["verdict"],
        signed(row["difference"], unit),
        _interval(row["low"], row["high"], unit),
        _interval(row["prediction_low"], row["prediction_high"], unit),
        "" if isnan(row["i2"]) else f"{row['i2']:.0f}%",
        str(row["datasets"]),
        str(row["seeds"]),
        str(row["runs"]),
        "" if isnan(row["extra_params"]) else f"{row['extra_params']:+,.0f} ({row['extra_params_percent']:+.2g}%)",
        "" if isnan(row["extra_time_percent"]) else f"{row['extra_time_percent']:+.0f}%",
    ]


def _interval(low: float, high: float, unit: str) -> str:
    return "" if isnan(low) else f"{signed(low, unit)} to {signed(high, unit)}"


def _line(fields: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(to_markdown_text(text) for text in fields) + " |"
