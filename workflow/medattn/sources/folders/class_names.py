"""Folders named like classes."""

from collections.abc import Sequence
from pathlib import Path

from medattn.errors import UserError
from medattn.litter import is_litter_name
from medattn.sources.folders.image_files import other_case, other_case_in, refuse_outside
from medattn.suggestions import unknown_name


def check_class_folders(root: Path, place: str, folders: Sequence[str]) -> None:
    """Check that a folder has a subfolder for each class, and no other ones except litter.

    Args:
        root: the folder of the images.
        place: the folder with the classes, relative to `root`; "" for `root` itself.
        folders: names of the classes' folders.

    Raises:
        UserError: `place` or the folder of a class is missing or outside of `root`, or a folder is of no class.
    """
    above = root / place
    try:
        found = sorted(above.iterdir())
    except OSError as error:
        raise UserError(f"{above}: no such folder ({error.strerror}){other_case_in(root, place)}") from error
    present = [entry.name for entry in found if entry.is_dir() and not is_litter_name(entry.name)]
    for name in present:
        if name not in folders and not other_case(name, folders):
            raise UserError(f"{above}: {unknown_name('class folder', name, folders)}")
    for name in folders:
        if name not in present:
            raise UserError(f"{above}: has no folder '{name}'{other_case(name, present)}")
        refuse_outside(root, above / name)
    if len(present) > len(folders):
        extra = next(name for name in present if name not in folders)
        raise UserError(f"{above}: {unknown_name('class folder', extra, folders)}")
