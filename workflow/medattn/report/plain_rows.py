"""Reading of optional CSV files, and their rows as plain values that JSON can hold."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from medattn.errors import UserError

_DIGITS = 7


def plain_rows(table: pd.DataFrame, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Return the rows as dictionaries of texts, booleans and numbers; missing values are None.

    Numbers are rounded to seven significant digits, more than the page shows.
    """
    chosen = [name for name in columns or table.columns if name in table.columns]
    return [dict(zip(chosen, map(_plain, values), strict=True)) for values in _values(table[chosen])]


def read_optional(path: Path, needed: Sequence[str], numbers: Sequence[str]) -> pd.DataFrame | None:
    """Read a CSV file, with the columns `numbers` as numbers and all others as text; None if there is no file.

    Raises:
        UserError: the file is damaged.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        return None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a table; delete it and run the step that makes it") from error
    absent = [name for name in needed if name not in table.columns]
    if absent:
        raise UserError(f"{path}: no column '{absent[0]}'; delete it and run the step that makes it")
    for name in set(numbers) & set(table.columns):
        table[name] = pd.to_numeric(table[name], errors="coerce")
    return table


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
