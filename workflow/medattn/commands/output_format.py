"""The option --format: rows of a command as a table for people, or as CSV or JSON for programs."""

import argparse
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence

from medattn.errors import UserError
from medattn.text_formats import csv_of_rows

TABLE = "table"
FORMATS = (TABLE, "csv", "json")


def add_format_argument(parser: argparse.ArgumentParser, also_json: str = "a list of rows") -> None:
    """Add --format.

    Args:
        parser: the parser of a command that prints rows.
        also_json: what the command prints as JSON, for the help.
    """
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default=TABLE,
        help=f"table for people (default), csv (a row a line), or json ({also_json}, numbers as numbers)",
    )


def print_rows(
    form: str,
    rows: Iterable[Mapping[str, object]],
    columns: Sequence[str],
    lines: Iterable[str],
    *,
    csv_text: str | None = None,
    json_text: str | None = None,
) -> None:
    """Print the rows of a command.

    Args:
        form: `table`, `csv` or `json`.
        rows: the rows; a missing value is None or NaN.
        columns: their columns, in order.
        lines: the table, for people.
        csv_text: the CSV of commands that print a file of the results as it is written; default: that of `rows`.
        json_text: the JSON of commands that print more than rows; default: a list of `rows`.
    """
    if form == "csv":
        fields = ({name: _csv_value(row[name]) for name in columns} for row in rows)
        sys.stdout.write(csv_of_rows(fields, columns) if csv_text is None else csv_text)
    elif form == "json":
        print(_json_of(rows, columns) if json_text is None else json_text)
    else:
        for line in lines:
            print(line)


def refuse_format_without(option: str, given: bool, form: str) -> None:
    """Refuse --format where a command prints rows only with another option.

    Raises:
        UserError: --format asks for CSV or JSON, and the other option is not given.
    """
    if form != TABLE and not given:
        raise UserError(f"--format {form}: only {option} prints rows; give {option}, too")


def _json_of(rows: Iterable[Mapping[str, object]], columns: Sequence[str]) -> str:
    objects = [{name: _json_value(row[name]) for name in columns} for row in rows]
    return json.dumps(objects, indent=2, ensure_ascii=False, allow_nan=False)


def _csv_value(value: object) -> object:
    """Return a value of a CSV field: nothing for NaN, lists and mappings as JSON."""
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False)
    return None if isinstance(value, float) and math.isnan(value) else value


def _json_value(value: object) -> object:
    """Return a value of JSON: null for NaN, infinities as text, scalars of numpy as numbers."""
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, float) and not math.isfinite(plain):
        return None if math.isnan(plain) else str(plain)
    return plain
