"""The image files in a folder, by name."""

from pathlib import Path

from medattn.errors import UserError

ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".ppm", ".pgm")


def image_files(folder: Path, endings: tuple[str, ...] = ENDINGS) -> dict[str, Path]:
    """Return the image files in `folder` by name without ending, sorted; hidden and other files are ignored.

    Raises:
        UserError: the folder is missing, or two images differ in their ending only.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in endings)
    except OSError as error:
        raise UserError(f"{folder}: no such folder of images ({error.strerror})") from error
    found: dict[str, Path] = {}
    for path in paths:
        if path.name.startswith("."):
            continue
        if path.stem in found:
            raise UserError(f"{path}: {found[path.stem].name} is the same image in another format; keep one of the two")
        found[path.stem] = path
    return found


def refuse_unnamed(files: dict[str, Path], named: set[str], table: Path) -> None:
    """Refuse images that have no row in a table.

    Raises:
        UserError: names the first such image.
    """
    for stem in files:
        if stem not in named:
            raise UserError(f"{files[stem]}: has no row in {table}")
