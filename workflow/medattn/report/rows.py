"""Rows of the CSV files of a selection as plain values."""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

_DIGITS = 7


def plain_rows(table: pd.DataFrame, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Return the rows as dictionaries of text, truth and numbers; missing values are None.

    Numbers are rounded to seven significant digits, far below what is shown.
    """
    chosen = [name for name in columns or table.columns if name in table.columns]
    return [dict(zip(chosen, map(_plain, values), strict=True)) for values in _values(table[chosen])]


def number_in(text: object) -> float | None:
    """Return the number that a text says, or None."""
    try:
        return float(str(text))
    except ValueError:
        return None


def _values(table: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    return table.itertuples(index=False, name=None)


def _plain(value: Any) -> Any:
    if isinstance(value, str | bool):
        return value
    if pd.isna(value):
        return None
    if float(value).is_integer():
        return int(value)
    return float(f"{float(value):.{_DIGITS}g}")
