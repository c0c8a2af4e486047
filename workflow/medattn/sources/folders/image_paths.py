"""Paths of the image files that a table names."""

import os
import stat
from pathlib import Path

from medattn.errors import UserError
from medattn.litter import is_litter_name
from medattn.sources.folders.image_files import other_case_in, refuse_unprintable


class ImagePaths:
    """Image files in a folder by the names in a table; links are resolved, each folder once."""

    def __init__(self, folder: Path) -> None:
        """Start at the folder that names are relative to; it may be a link."""
        self._folder, self._real = folder, folder.resolve()
        self._parents: dict[str, Path] = {}

    def path(self, name: str, where: str) -> Path:
        """Return the path of an image, without links.

        Args:
            name: path relative to the folder.
            where: table and row, for messages.

        Raises:
            UserError: the image is missing, no file, outside of the folder, or named like litter, or its name can't be
                shown.
        """
        refuse_unprintable(where, name)
        if any(is_litter_name(part) for part in name.split("/")):
            raise UserError(f"{where}: {name} has the name of a hidden or temporary file, not of an image; rename it")
        try:
            file, mode = self._found(name)
        except FileNotFoundError as error:
            there = other_case_in(self._folder, name)
            raise UserError(
                f"{where}: {name} is missing from the folder{there}; put it there, or correct the row"
            ) from error
        except (OSError, RuntimeError, ValueError) as error:
            raise UserError(f"{where}: {name!r} is not a path ({error})") from error
        if name.startswith("/") or not file.is_relative_to(self._real):
            raise UserError(f"{where}: {name} lies outside the folder; copy the image into it")
        if not stat.S_ISREG(mode):
            raise UserError(f"{where}: {name} is not a file")
        return file

    def _found(self, name: str) -> tuple[Path, int]:
        """Return path and mode of a file; paths are handled as text, which is fast, because tables can be long."""
        above, _, last = name.rpartition("/")
        if above not in self._parents:
            self._parents[above] = (self._folder / above).resolve()
        file = self._parents[above] / last
        mode = os.lstat(file).st_mode
        if stat.S_ISLNK(mode) or last in ("", ".", ".."):
            file = file.resolve()
            mode = os.lstat(file).st_mode
        return file, mode
