"""Tables of labels: the size that is read, classes by name or position, and official CSV files of authors."""

import csv
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from medattn.errors import UserError
from medattn.suggestions import unknown_name

LARGEST_TABLE = 1 << 26
"""Bytes of the largest table that is read."""
LONGEST_LINE = 1 << 17
"""Characters of the longest line of a table, as many as Python's `csv` reads in a field."""


@dataclass(frozen=True)
class LabelRow:
    """A row of a table of labels: `where` names table and line; `values` are those of the wanted columns, stripped."""

    where: str
    values: tuple[str, ...]


def check_table(path: Path) -> None:
    """Check that a table, if it exists, is a file of a size that can be read.

    Raises:
        UserError: it is a pipe or a device, which may never end, or too large.
    """
    try:
        found = path.stat()
    except OSError:
        return  # opening it says why
    if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
        raise UserError(f"{path}: not a file; replace it by the table")
    if found.st_size > LARGEST_TABLE:
        raise UserError(f"{path}: has {found.st_size} bytes; tables of up to {LARGEST_TABLE} are read")


def bounded_lines(stream: TextIO, table: Path) -> Iterator[str]:
    """Yield the lines of a table.

    Raises:
        UserError: a line is too long for a row of a few columns.
    """
    for number, line in enumerate(stream, start=1):
        if len(line) > LONGEST_LINE:
            raise UserError(f"{table} row {number}: has {len(line)} characters; rows of up to {LONGEST_LINE} are read")
        yield line


def class_position(classes: Sequence[str], label: str, where: str) -> int:
    """Return the position of a class that a table names, or whose position it gives.

    Args:
        classes: names of the classes, in order.
        label: the text in the table.
        where: table and row, for the message.

    Raises:
        UserError: there is no such class.
    """
    if label in classes:
        return list(classes).index(label)
    # Where a class is named by a number, a number is a name, not a position.
    is_position = (
        label.isascii() and label.isdecimal() and len(label) < 10 and not any(name.isdecimal() for name in classes)
    )
    if is_position and int(label) < len(classes):
        return int(label)
    raise UserError(f"{where}: {unknown_name('class', label, classes)}")


def parse_number(text: str) -> float:
    """Return the number that a table holds, in ASCII digits.

    Raises:
        ValueError: it is none. Python itself would take digits of any script, and underscores between them.
    """
    if not text.isascii() or "_" in text:
        raise ValueError(f"not a number: {text!r}")
    return float(text)


def read_label_table(path: Path, columns: Sequence[str]) -> list[LabelRow]:
    """Read the wanted columns of a CSV file, the first of which names an image.

    Empty rows, further columns, spaces around names and all kinds of line ends are allowed.

    Raises:
        UserError: the file is missing or not such a table, a row lacks a value, or two rows name one image.
    """
    check_table(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(bounded_lines(stream, path), strict=True)
            header = [name.strip() for name in next(reader, [])]
            lines = [(reader.line_num, line) for line in reader if any(value.strip() for value in line)]
    except OSError as error:
        raise UserError(f"{path}: no such table of labels ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not a CSV table in UTF-8 ({error})") from error
    for name in columns:
        if header.count(name) != 1:
            found = ", ".join(value for value in header if value) or "none"
            raise UserError(f"{path}: should have exactly one column '{name}'; found: {found}")
    positions = [header.index(name) for name in columns]
    rows: list[LabelRow] = []
    first: dict[str, int] = {}
    for number, line in lines:
        where = f"{path} row {number}"
        values = tuple(line[position].strip() if position < len(line) else "" for position in positions)
        for name, value in zip(columns, values, strict=True):
            if not value:
                raise UserError(f"{where}: has no value in the column '{name}'")
        if values[0] in first:
            raise UserError(f"{where}: row {first[values[0]]} names {values[0]}, too")
        first[values[0]] = number
        rows.append(LabelRow(where, values))
    if not rows:
        raise UserError(f"{path}: has no row")
    return rows
