"""Rows of a table that a step wrote earlier, which decide what a new version of it must keep."""

from collections.abc import Sequence
from pathlib import Path

from medattn.errors import UserError
from medattn.file_errors import unreadable
from medattn.reading import read_csv


def earlier_rows(path: Path, needed: Sequence[str] = ()) -> list[dict[str, str]]:
    """Return the rows of a CSV file; none if it is missing, damaged or lacks a needed column.

    Raises:
        UserError: this user cannot read the file, so nobody can tell what a new version must keep.
    """
    try:
        return read_csv(path, needed)
    except UserError as error:  # `medattn measure` and the audit report a damaged table
        if unreadable(error) is not None:
            raise
        return []
