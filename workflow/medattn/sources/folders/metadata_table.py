"""Tables `metadata.csv` and `metadata.jsonl` of Hugging Face: a row for each image."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medattn.errors import UserError
from medattn.reading import open_file, parse_json
from medattn.sources.folders.label_table import bounded_lines, check_table
from medattn.suggestions import unknown_name

FILE_NAME = "file_name"
TABLES = ("metadata.csv", "metadata.jsonl")
_UNREAD = "metadata.parquet"


@dataclass(frozen=True)
class MetadataRow:
    """A row: `where` names table and line; `file_name` is relative to the table; `patient` is None where unknown."""

    where: str
    file_name: str
    label: str
    patient: str | None


def metadata_table(folder: Path) -> Path | None:
    """Return the table in a folder; None if there is none.

    Raises:
        UserError: there are two tables, or one in a format that is not read.
    """
    found = [folder / name for name in TABLES if (folder / name).exists()]
    if (folder / _UNREAD).exists():
        raise UserError(f"{folder / _UNREAD}: Parquet is not read; save the table as {TABLES[0]} and remove this file")
    if len(found) > 1:
        raise UserError(f"{found[1]}: {found[0].name} is the same table in another format; keep one of the two")
    return found[0] if found else None


def read_metadata(table: Path, label: str, patient: str | None, ignored: Sequence[str]) -> Iterator[MetadataRow]:
    """Yield the rows of a table.

    Args:
        table: the table.
        label: column with the class.
        patient: column with the patient; None if there is none.
        ignored: further columns that it may have.

    Raises:
        UserError: the table is damaged or empty, a column is missing or not declared, or a value is missing or no text.
    """
    needed = (FILE_NAME, label, *([patient] if patient else []))
    is_empty = True
    for where, values in _rows_of(table):
        _check_columns(where, values, needed, ignored)
        name, of_class, *of_patient = (_text(where, column, values[column]) for column in needed)
        yield MetadataRow(where, name, of_class, of_patient[0] if of_patient else None)
        is_empty = False
    if is_empty:
        raise UserError(f"{table}: has no row")


def _rows_of(table: Path) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """Yield place and values of each row."""
    check_table(table)
    try:
        with open_file(table, "replace the file") as opened:
            stream = io.TextIOWrapper(opened, encoding="utf-8-sig", newline="")
            if table.suffix == ".csv":
                reader = csv.DictReader(bounded_lines(stream, table), strict=True)
                names = reader.fieldnames or []
                if len(set(names)) < len(names):
                    raise UserError(f"{table}: names a column twice")
                for values in reader:
                    yield f"{table} row {reader.line_num}", values
            else:
                for number, line in enumerate(bounded_lines(stream, table), start=1):
                    if line.strip():
                        where = f"{table} row {number}"
                        yield where, _object(line, where)
    except OSError as error:
        raise UserError(f"{table}: can't be read ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        kind = "CSV table" if table.suffix == ".csv" else "text"
        raise UserError(f"{table}: not a {kind} in UTF-8 ({error})") from error


def _object(line: str, where: str) -> Mapping[str, Any]:
    """Return the JSON object of a line.

    Raises:
        UserError: it is none, or names a column twice.
    """
    value = parse_json(line, where, "correct the line")
    if not isinstance(value, dict):
        raise UserError(f"{where}: not a JSON object; write one object a line")

    def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        kept = dict(pairs)
        if len(kept) < len(pairs):
            names = [name for name, _ in pairs]
            name = next(name for name in names if names.count(name) > 1)
            raise UserError(f"{where}: names '{name}' twice; keep one value")
        return kept

    json.loads(line, object_pairs_hook=without_repeats)
    return value


def _check_columns(where: str, values: Mapping[Any, Any], needed: Sequence[str], ignored: Sequence[str]) -> None:
    if None in values or None in values.values():
        raise UserError(f"{where}: the number of values is not the number of columns")
    for name in needed:
        if name not in values:
            raise UserError(f"{where}: has no column '{name}'; found: {', '.join(values)}")
    for name in values:
        if name not in needed and name not in ignored:
            known = unknown_name("column", name, (*needed, *ignored))
            raise UserError(f"{where}: {known}; where it is not needed, declare it under ignored_columns of the source")


def _text(where: str, column: str, value: object) -> str:
    """Return a value as text; JSON may have whole numbers as labels and patients."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise UserError(f"{where}: {column} is no text: {value!r}")
    if not value.strip():
        raise UserError(f"{where}: has no value in the column '{column}'")
    return value.strip()
