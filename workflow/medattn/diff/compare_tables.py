"""Differences between the tables of two results folders: numbers and verdicts, row by row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from medattn.diff.difference_row import DifferenceRow, FolderDifferences, Part, same
from medattn.errors import UserError
from medattn.layout import ResultPaths
from medattn.result_tables import ANSWER, CLAIMS, COMPARISONS, COMPLEXITY, MEASUREMENTS, TableFormat, read_table

_CELL = ("paper", "experiment", "dataset", "backbone", "arm")


@dataclass(frozen=True)
class ComparedTable:
    """A table of the results.

    Attributes:
        name: property of ResultPaths with its path.
        table_format: its columns.
        key: columns that identify a row.
        values: columns that are compared, with the part that they belong to.
    """

    name: str
    table_format: TableFormat
    key: tuple[str, ...]
    values: Mapping[str, Part]

    @property
    def needed(self) -> TableFormat:
        """The table with the compared columns only: tables of other versions may lack the others."""
        own = self.table_format
        return TableFormat(
            own.command,
            [*self.key, *self.values],
            *({*columns} & {*self.key, *self.values} for columns in (own.numbers, own.truths)),
        )


TABLES = (
    ComparedTable(
        "measurements",
        MEASUREMENTS,
        (*_CELL, "metric", "class_name", "procedure", "seed", "fold"),
        {"value": "numbers", "spread": "numbers", "n": "numbers", "status": "numbers"},
    ),
    ComparedTable(
        "comparisons",
        COMPARISONS,
        (*_CELL, "against", "against_backbone", "metric", "class_name", "family", "procedure", "test", "quantity"),
        {"difference": "numbers", "estimate": "numbers", "p": "numbers", "p_adjusted": "numbers"},
    ),
    ComparedTable(
        "complexity",
        COMPLEXITY,
        ("paper", "experiment", "table", "dataset", "backbone", "arm"),
        {"params": "numbers", "gmacs": "numbers", "verdict": "verdicts"},
    ),
    ComparedTable("claims", CLAIMS, ("claim",), {"measured": "numbers", "verdict": "verdicts"}),
    ComparedTable(
        "answer",
        ANSWER,
        ("scope", "level", "dataset", "arm", "against", "metric", "class_name"),
        {"difference": "numbers", "low": "numbers", "high": "numbers", "verdict": "verdicts"},
    ),
)


def compare_tables(a: ResultPaths, b: ResultPaths, found: FolderDifferences) -> None:
    """Add the differences between the tables of two folders."""
    for table in TABLES:
        paths = [getattr(results, table.name) for results in (a, b)]
        there = [path.is_file() for path in paths]
        file = paths[0].name
        if not any(there):
            found.absent.append(file)
        elif not all(there):
            missing = paths[there.index(False)]
            found.not_compared.append(f"{missing}: no such file; run `{table.table_format.command}` for this folder")
            found.rows.append(
                DifferenceRow("numbers", file, file, "file", *("there" if one else None for one in there))
            )
        else:
            try:
                read = [read_table(path, table.needed) for path in paths]
            except UserError as error:
                found.not_compared.append(str(error))
            else:
                found.add(file, [*_row_differences(table, file, *read)])


def _row_differences(table: ComparedTable, file: str, a: pd.DataFrame, b: pd.DataFrame) -> Iterator[DifferenceRow]:
    first, second = _by_key(table, a), _by_key(table, b)
    for key in dict.fromkeys([*first, *second]):
        item = " ".join(part for part in key if part)
        before, after = first.get(key), second.get(key)
        for column, part in table.values.items():
            own, other = (None if row is None else row[column] for row in (before, after))
            if not same(own, other) and not (_is_empty(own) and _is_empty(other)):
                yield DifferenceRow(part, file, item, column, own, other)
                if before is None or after is None:
                    break  # the first value tells that the other folder lacks the row


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or value != value


def _by_key(table: ComparedTable, rows: pd.DataFrame) -> dict[tuple[str, ...], dict[Any, Any]]:
    keys = [_column_text(rows, name) for name in table.key]
    return dict(zip(zip(*keys, strict=True), rows[[*table.values]].to_dict("records"), strict=True))


def _column_text(rows: pd.DataFrame, name: str) -> list[str]:
    """Return a column of a key as text; seeds and folds as `seed 0`, empty where there is none."""
    if name in ("seed", "fold"):
        return ["" if pd.isna(value) else f"{name} {value:.0f}" for value in rows[name]]
    return rows[name].astype(str).tolist()
