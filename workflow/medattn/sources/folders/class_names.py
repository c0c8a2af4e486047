"""Folders named like classes, beside which lie no images."""

from collections.abc import Sequence
from pathlib import Path

from medattn.errors import UserError
from medattn.litter import is_litter_name
from medattn.sources.folders.image_files import other_case, other_case_in, refuse_outside, refuse_unprintable
from medattn.suggestions import unknown_name


def check_class_folders(root: Path, place: str, folders: Sequence[str], endings: tuple[str, ...]) -> None:
    """Check that a folder has a subfolder for each class, no other ones except litter, and no images beside them.

    Args:
        root: the folder of the images.
        place: the folder with the classes, relative to `root`; "" for `root` itself.
        folders: names of the classes' folders.
        endings: endings of image files in lower case.

    Raises:
        UserError: `place` or the folder of a class is missing or outside of `root`, a folder is of no class, or an
            image lies beside the folders.
    """
    above = root / place
    try:
        present = folders_without_images_beside(above, endings)
    except OSError as error:
        raise UserError(f"{above}: no such folder ({error.strerror}){other_case_in(root, place)}") from error
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


def folders_without_images_beside(folder: Path, endings: tuple[str, ...]) -> list[str]:
    """Return the names of the folders in a folder except litter, sorted.

    Args:
        folder: the folder.
        endings: endings of image files in lower case.

    Raises:
        OSError: the folder can't be read.
        UserError: an image lies beside the folders, which would be passed over, or the name of a folder can't be shown.
    """
    names = []
    for entry in sorted(folder.iterdir()):
        if is_litter_name(entry.name):
            continue
        if entry.is_dir():
            refuse_unprintable(folder, entry.name)
            names.append(entry.name)
        elif entry.name.lower().endswith(endings):
            refuse_unprintable(folder, entry.name)
            raise UserError(f"{folder}: {entry.name} lies beside the folders of images; move it into one, or remove it")
    return names
