"""Read a table of published values: papers/<paper>/published.csv, or another file in that format."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from medattn.config.models.facts import MAX_TESTED
from medattn.config.models.row_filter import RowFilter
from medattn.consistency.published_value import UNITS, PublishedValue
from medattn.errors import UserError
from medattn.reading import read_text
from medattn.suggestions import unknown_name

COLUMNS = (
    *("paper", "table", "dataset", "backbone", "arm", "split", "metric"),
    *("class_name", "mean", "std", "unit", "n_test", "flags"),
)
_NEEDED = ("paper", "table", "metric", "mean", "unit")
_OTHER_NAMES = {"attention": "arm"}
MAX_TABLE = 2_000_000
"""Largest table in bytes."""
MAX_ROWS = 2_000
"""Largest number of values: the largest paper of the project has 390."""
_MAX_NAME = 200
_MAX_SIZES = 20
MEAN_OF_CLASSES = "mean"
_SIZE = re.compile(r"0{0,9}[1-9][0-9]{0,8}")


@dataclass(frozen=True)
class PublishedRow:
    """One published value with its position in a table.

    Attributes:
        cell: a name of the number that no other of its table has: dataset.backbone.arm.metric and what else is needed.
        mean: the number.
        std: the published standard deviation, if any.
        n_test: numbers of test images that are stated or possible; empty where nothing is stated.
        flags: marks, such as `star`.
    """

    paper: str
    table: str
    dataset: str
    backbone: str
    arm: str
    split: str
    metric: str
    class_name: str
    mean: PublishedValue
    std: PublishedValue | None
    n_test: tuple[int, ...]
    flags: tuple[str, ...]
    cell: str = ""

    def key(self, *without: str) -> tuple[str, ...]:
        """Return the values of the identifying columns except those named."""
        return tuple(getattr(self, column) for column in IDENTITY if column not in without)


IDENTITY = ("table", "dataset", "backbone", "arm", "split", "metric", "class_name")


def chosen(rows: Iterable[PublishedRow], wanted: RowFilter) -> list[PublishedRow]:
    """Return the rows that `wanted` describes."""
    columns = {column: values for column in IDENTITY if (values := getattr(wanted, column))}
    return [row for row in rows if all(getattr(row, column) in values for column, values in columns.items())]


def named_columns(wanted: RowFilter) -> set[str]:
    """Return the columns in which `wanted` chooses."""
    return {column for column in IDENTITY if getattr(wanted, column)}


def read_published(path: Path) -> list[PublishedRow]:
    """Read a CSV file of published values.

    The columns paper, table, metric, mean and unit are needed; the others of COLUMNS may be absent or empty, and
    other columns are ignored. `attention` is taken as another name of `arm`. `n_test` may hold alternatives
    ("118|119"), `flags` several marks ("bold|star").

    Raises:
        UserError: the file can't be read, a column is missing, or a value is wrong; the message says in which line.
    """
    text = read_text(path, "give the file of published values, in UTF-8", MAX_TABLE)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise UserError(f"{path}: not a CSV file in UTF-8 ({error})") from error
    if not lines:
        raise UserError(f"{path}: the file is empty; its first line must name the columns {','.join(COLUMNS)}")
    header = [_OTHER_NAMES.get(name.strip(), name.strip()) for name in lines[0]]
    for name in _NEEDED:
        if name not in header:
            raise UserError(f"{path}: line 1: the column '{name}' is missing; needed are {', '.join(_NEEDED)}")
    if twice := [name for name, times in Counter(header).items() if times > 1]:
        raise UserError(f"{path}: line 1: the column '{twice[0]}' occurs twice")
    if len(lines) > MAX_ROWS + 1:
        raise UserError(f"{path}: {len(lines) - 1} lines, but at most {MAX_ROWS} published values; make several files")
    rows: list[PublishedRow] = []
    first: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(lines[1:], start=2):
        if not any(field.strip() for field in line):
            continue
        if len(line) != len(header):
            raise UserError(f"{path}: line {number}: {len(line)} fields, but the first line names {len(header)}")
        fields = dict(zip(header, (field.strip() for field in line), strict=True))
        try:
            row = _row(fields)
        except ValueError as error:
            raise UserError(f"{path}: line {number}: {error}") from error
        if (before := first.setdefault((row.paper, *row.key()), number)) != number:
            raise UserError(f"{path}: line {number}: the value of line {before} again; remove one of them")
        rows.append(row)
    return _with_cells(rows)


def _row(fields: Mapping[str, str]) -> PublishedRow:
    for name in _NEEDED:
        if not fields[name]:
            raise ValueError(f"{name} is empty")
    for name, text in fields.items():
        if len(text) > _MAX_NAME:
            raise ValueError(f"{name} has {len(text)} characters, but at most {_MAX_NAME}")
    unit = fields["unit"]
    if unit not in UNITS:
        raise ValueError(unknown_name("unit", unit, UNITS))
    mean = PublishedValue(fields["mean"], unit)
    std = PublishedValue(fields["std"], unit) if fields.get("std") else None
    if mean.is_proportion and not 0 <= mean.value <= mean.whole:
        raise ValueError(f"mean is {mean.text}, but a number in {unit} lies between 0 and {mean.whole}")
    if std and std.value < 0:
        raise ValueError(f"std is {std.text}, but a deviation is never negative")
    return PublishedRow(
        **{name: fields.get(name, "") for name in ("paper", *IDENTITY)},
        mean=mean,
        std=std,
        n_test=_sizes(fields.get("n_test", "")),
        flags=tuple(flag for flag in fields.get("flags", "").split("|") if flag),
    )


def _sizes(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split("|")] if text else []
    if len(parts) > _MAX_SIZES:
        raise ValueError(f"n_test has {len(parts)} numbers of images, but at most {_MAX_SIZES}")
    for part in parts:
        if not _SIZE.fullmatch(part) or int(part) > MAX_TESTED:
            raise ValueError(
                f"n_test is '{text}', not a number of images such as 103, or several such as 118|119, "
                f"each at most {MAX_TESTED}"
            )
    return tuple(int(part) for part in parts)


def _with_cells(rows: list[PublishedRow]) -> list[PublishedRow]:
    """Name each value by the fewest columns that tell it from the others of its table."""
    short = ("dataset", "backbone", "arm", "metric", "class_name")
    names = [".".join(filter(None, (getattr(row, column) for column in short))) for row in rows]
    times = Counter((row.paper, row.table, name) for row, name in zip(rows, names, strict=True))
    cells = [
        f"{name}.{row.split}" if row.split and times[row.paper, row.table, name] > 1 else name
        for row, name in zip(rows, names, strict=True)
    ]
    return [PublishedRow(**{**row.__dict__, "cell": cell}) for row, cell in zip(rows, cells, strict=True)]
