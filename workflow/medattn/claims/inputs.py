"""What an audit reads beside the printed numbers: facts, and exact counts."""

import csv
from collections.abc import Iterator
from pathlib import Path

from medattn.config.facts import Count, Facts, Rows
from medattn.config.validation import validated
from medattn.config.yaml_files import read_yaml
from medattn.errors import UserError

# Columns of `medattn complexity --format csv` -> metric of the printed numbers, and how many units they count in.
# Beside the exact counts stand those of the counter that the paper may have used, which leaves some things out.
_COUNTED = {
    "params": ("params_m", 1),
    "counter_params": ("params_m", 1),
    "gmacs": ("gflops", 10**9),
    "counter_gflops": ("gflops", 10**9),
}
_NEEDED = ("table", "backbone", "arm", "params", "gmacs")


def read_facts(path: Path) -> Facts:
    """Read a file of facts.

    Raises:
        UserError: one line for the first thing that is wrong.
    """
    return validated(Facts, read_yaml(path), str(path))


def read_counts(path: Path) -> dict[str, list[Count]]:
    """Read what `medattn complexity --format csv` prints: exact counts by paper.

    Raises:
        UserError: the file can't be read, a column is missing, or a value is no number.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; `medattn complexity --format csv` prints it") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not a CSV file in UTF-8 ({error})") from error
    for name in _NEEDED:
        if not rows or name not in rows[0]:
            raise UserError(f"{path}: no column '{name}'; `medattn complexity --format csv` prints such a file")
    counts: dict[str, list[Count]] = {}
    for number, row in enumerate(rows, start=2):
        try:
            counts.setdefault(row.get("paper") or "", []).extend(_counts(row))
        except ValueError as error:
            raise UserError(f"{path}: line {number}: {error}") from error
    return counts


def _counts(row: dict[str, str]) -> Iterator[Count]:
    for column, (metric, scale) in _COUNTED.items():
        if not row.get(column):
            continue
        try:
            count = round(float(row[column]) * scale)
        except (ValueError, OverflowError) as error:
            raise ValueError(f"{column} is '{row[column]}', not a number") from error
        for table in row["table"].split(";"):
            rows = Rows(table=[table], backbone=[row["backbone"]], arm=[row["arm"]], metric=[metric])
            yield Count(rows=rows, count=count, source=f"{column} of medattn complexity")
