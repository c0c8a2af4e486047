"""Rows of tables as plain values that JSON can hold."""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

_DIGITS = 7


def plain_rows(table: pd.DataFrame, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Return the rows as dictionaries of texts, booleans and numbers; missing values are None.

    Numbers are rounded to seven significant digits, more than the page shows.
    """
    chosen = [name for name in columns or table.columns if name in table.columns]
    return [dict(zip(chosen, map(_plain, values), strict=True)) for values in _values(table[chosen])]


def number_in(text: object) -> float | None:
    """Parse a number, or return None if the text is not one."""
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
