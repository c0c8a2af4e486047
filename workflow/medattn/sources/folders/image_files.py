"""The image files in a folder: what is skipped, what is refused, and how a missing name is reported.

Litter and the documents that providers add are skipped. Anything else that is no image file is an error with its name,
since it may be an image that a reader would miss.
"""

import os
import re
from collections.abc import Collection, Iterable
from fnmatch import translate
from pathlib import Path

from medattn.errors import UserError
from medattn.litter import is_litter_name
from medattn.text_formats import has_control_characters

ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".ppm", ".pgm")
DOCUMENTS = ("README*", "LICENSE*", "LICENCE*", "COPYING*", "CITATION*", "ATTRIBUTION*", "CHANGELOG*", "CHANGES*")
"""Patterns of names, regardless of case, of the documents that are skipped; none of them ends like an image."""

_DOCUMENT = re.compile("|".join(translate(pattern) for pattern in DOCUMENTS), re.IGNORECASE)


def listed_names(folder: Path, endings: tuple[str, ...] = ENDINGS, others: Collection[str] = ()) -> list[str]:
    """Return the names of the image files in `folder`, sorted.

    Args:
        folder: the folder.
        endings: endings of image files in lower case; names may have them in any case.
        others: names of further files that the folder may hold, such as tables.

    Raises:
        UserError: the folder is missing or links to a place outside its parent, something in it is neither an image
            file nor skipped, or a name can't be shown.
    """
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise UserError(f"{folder}: no such folder of images ({error.strerror})") from error
    names = []
    for entry in found:
        if is_litter_name(entry.name) or entry.name in others:
            continue
        is_image = entry.name.lower().endswith(endings)
        if not is_image and _DOCUMENT.match(entry.name) and entry.is_file():
            continue
        if not is_image or not entry.is_file():
            refuse_unprintable(folder, entry.name)
            raise UserError(f"{folder}: {entry.name} is not an image file ({', '.join(endings)}); remove it")
        refuse_unprintable(folder, entry.name)
        if entry.is_symlink():
            refuse_outside(folder, Path(entry.path))
        names.append(entry.name)
    return names


def image_files(folder: Path, endings: tuple[str, ...] = ENDINGS, others: Collection[str] = ()) -> dict[str, Path]:
    """Return the image files in `folder` by name without ending, sorted; arguments as in `listed_names`.

    Raises:
        UserError: as `listed_names`, or two images differ in their ending only.
    """
    found: dict[str, Path] = {}
    for name in listed_names(folder, endings, others):
        path = folder / name
        if path.stem in found:
            raise UserError(f"{path}: {found[path.stem].name} is the same image in another format; keep one of the two")
        found[path.stem] = path
    return found


def refuse_unprintable(where: Path | str, name: str) -> None:
    """Refuse a name that can't be shown as it is: notes name images, and a line break would forge a line of them.

    Args:
        where: its folder, or table and row.
        name: a name, with or without folders.

    Raises:
        UserError: it has control characters, or bytes that are not UTF-8.
    """
    if has_control_characters(name) or "\n" in name or "\t" in name:
        raise UserError(f"{where}: the name {name!r} has control characters or bytes that are not UTF-8; rename it")


def refuse_outside(folder: Path, path: Path) -> None:
    """Refuse a file that a link leads to outside of `folder`.

    Raises:
        UserError: the file lies outside.
    """
    target = Path(os.path.realpath(path))
    if not target.is_relative_to(os.path.realpath(folder)):
        raise UserError(f"{path}: leads out of its folder; copy the file into the folder")


def other_case(name: str, names: Iterable[str]) -> str:
    """Return the part of a message that tells a name which differs from a missing one in case only; else nothing.

    Names are compared exactly, because not every file system tells `x.png` from `X.PNG`.
    """
    similar = sorted(other for other in names if other != name and other.casefold() == name.casefold())
    return f", but {similar[0]} is there, and upper and lower case must agree" if similar else ""


def other_case_in(folder: Path, name: str) -> str:
    """Return what `other_case` does, for a path relative to `folder`."""
    place = Path(name).parent
    try:
        return other_case(name, [(place / entry).as_posix() for entry in os.listdir(folder / place)])  # noqa: PTH208
    except OSError:
        return ""


def refuse_unnamed(files: dict[str, Path], named: set[str], table: Path) -> None:
    """Refuse images that have no row in a table.

    Raises:
        UserError: names the first such image.
    """
    for stem in files:
        if stem not in named:
            raise UserError(f"{files[stem]}: has no row in {table}")
