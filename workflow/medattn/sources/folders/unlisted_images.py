"""Images in a folder that no table names."""

import os
from collections.abc import Collection
from fnmatch import fnmatchcase
from pathlib import Path

from medattn.errors import UserError
from medattn.litter import is_litter_name
from medattn.sources.folders.image_files import DOCUMENTS, refuse_unprintable


def refuse_unlisted(root: Path, listed: Collection[str], endings: tuple[str, ...], tables: Collection[str]) -> None:
    """Refuse files in a folder and its subfolders that no table names, except tables, documents and litter.

    Args:
        root: the folder.
        listed: paths of the images that tables name, relative to the folder.
        endings: endings of image files in lower case.
        tables: names of tables.

    Raises:
        UserError: names the first such file.
    """
    for place, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not is_litter_name(name))
        for name in sorted(names):
            path = Path(place) / name
            if path.relative_to(root).as_posix() in listed or name in tables or is_litter_name(name):
                continue
            refuse_unprintable(place, name)
            if name.lower().endswith(endings):
                raise UserError(f"{path}: has no row in the table; add one, or remove the image")
            if not any(fnmatchcase(name.upper(), pattern.upper()) for pattern in DOCUMENTS):
                raise UserError(f"{path}: not an image file ({', '.join(endings)}); remove it")
