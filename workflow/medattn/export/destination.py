"""The folder of an export, which lies outside of results and prepared data."""

from pathlib import Path

from medattn.errors import UserError

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
