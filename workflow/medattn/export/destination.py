"""The folder of an export, which lies outside of results and prepared data."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from medattn.errors import UserError
from medattn.reading import open_file

_MARKERS = ("plan.json", "manifest.json")
"""Files of results folders and folders of prepared data, whose seal covers all files in them."""


def export_folder(wanted: Path | None, default: Path) -> Path:
    """Return the folder of an export.

    Args:
        wanted: folder that the user names; None for the default.
        default: the default folder.

    Raises:
        UserError: it is a file, or lies in a results folder or in prepared data, whose audit it would fail.
    """
    folder = wanted or default
    place = folder.resolve()
    if place.exists() and not place.is_dir():
        raise UserError(f"{folder}: a file, but an export is a folder; choose another one with --to")
    for above in (place, *place.parents):
        if any((above / name).is_file() for name in _MARKERS):
            raise UserError(
                f"{folder}: lies in {above}, whose seal covers all its files; choose a folder outside of it with --to"
            )
    return folder


def refuse_other_tables(folder: Path, columns: Mapping[str, Sequence[str]]) -> None:
    """Refuse to replace tables of somebody else: those without the columns that an export writes.

    Args:
        folder: the folder of the export.
        columns: the first columns of each table, by file name.

    Raises:
        UserError: names the first such table.
    """
    for name, first in columns.items():
        path = folder / name
        if path.exists():
            with open_file(path, "choose another folder with --to") as stream:
                if not stream.readline(4096).startswith(",".join(first).encode()):
                    raise UserError(f"{path}: not written by `medattn export`; choose another folder with --to")
