"""Values of a CSV file that a new version of it must keep."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from medattn.errors import UserError
from medattn.files import write_text
from medattn.plan.earlier_rows import earlier_rows
from medattn.plan.losses import ALLOW


def write_keeping_values(
    path: Path,
    text: str,
    key: Sequence[str],
    values: Sequence[str],
    *,
    allow_fewer: bool,
    whole: bool = False,
) -> None:
    """Write a CSV file, unless a row of the present file has a value that the new one lacks.

    Rows that only the present file has may go: they belong to cells or pairs of arms that are not asked for.

    Args:
        path: the file.
        text: its new content.
        key: columns that identify a row.
        values: columns of numbers that must not become empty.
        allow_fewer: write in any case.
        whole: refuse the loss of a row, too; for a file whose input is missing altogether.

    Raises:
        UserError: values would get lost; one line says how many, the first of them and why.
    """
    if not allow_fewer and path.is_file():
        lost = _lost(path, text, key, values, whole)
        if lost:
            raise UserError(
                f"{path}: stopped, because {len(lost)} of its values would get lost; nothing was changed "
                f"(the first: {lost[0]}); restore the files that they follow from, or repeat the command with {ALLOW}"
            )
    write_text(path, text)


def _lost(path: Path, text: str, key: Sequence[str], values: Sequence[str], whole: bool) -> list[str]:
    before = earlier_rows(path, [*key, *values])
    found: dict[tuple[tuple[str, ...], str], str] = {}
    reasons: dict[tuple[str, ...], str] = {}
    for row in csv.DictReader(io.StringIO(text, newline="")):
        place = tuple(row[name] for name in key)
        reasons.setdefault(place, row.get("reason") or row.get("note") or "not measured")
        for name in values:
            found[place, name] = found.get((place, name)) or row[name]
    lost = dict[str, None]()
    for row in before:
        place = tuple(row[name] for name in key)
        for name in values:
            if row[name] and not found.get((place, name)) and (whole or place in reasons):
                words = " ".join(part for part in place if part)
                lost[f"{name} of {words}: {reasons.get(place, 'an input file is missing')}"] = None
    return list(lost)
