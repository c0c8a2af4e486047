"""What a folder of images is, as the entry of a data set states it: layout, classes, depth and size."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from medattn.errors import UserError
from medattn.litter import is_litter, is_litter_name
from medattn.reading import open_file, read_bytes
from medattn.sources.folder import TABLE
from medattn.sources.folders.image_files import refuse_unprintable
from medattn.sources.folders.label_table import read_label_table
from medattn.sources.own_images import OWN_ENDINGS

_SPLITS = ("train", "val", "test")
_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".ppm", ".pgm")
_LOOKED_AT = 100
"""Images of which depth and range are looked at."""
_SIZE = 224


@dataclass(frozen=True)
class ImageFolder:
    """A folder of images.

    Attributes:
        kind: source that reads its layout.
        classes: names of the classes.
        splits: folders of splits, of the layout `<split>/<class>/`.
        images: some of its images, spread over the folder.
    """

    kind: str
    classes: tuple[str, ...]
    splits: tuple[str, ...]
    images: tuple[Path, ...]


def look_at(folder: Path) -> ImageFolder:
    """Find out how a folder of images is laid out.

    Raises:
        UserError: it is none of `<class>/`, `<split>/<class>/` and a folder with a table images.csv, or a name in it
            can't be shown.
    """
    refuse_unprintable("--images", str(folder))
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; name the folder of your images")
    if (folder / TABLE).is_file():
        return ImageFolder("folder", _classes_of_table(folder / TABLE), (), _some(list(_images(folder))))
    names = _folders(folder)
    splits = tuple(name for name in _SPLITS if name in names)
    if splits:
        if "train" not in splits or "test" not in splits:
            raise UserError(f"{folder}: has the folder {splits[0]}/, but train/ and test/ are both needed")
        names = _folders(folder / "train")
    if len(names) < 2:
        wanted = "<class>/ or <split>/<class>/, or a table images.csv"
        raise UserError(f"{folder}: found {len(names)} class folders; images must be in folders {wanted}")
    kind = "class_folders" if splits else "folder_per_class"
    return ImageFolder(kind, tuple(names), splits, _some(list(_images(folder))))


def source_lines(found: ImageFolder) -> str:
    """Return the lines of the key `source` for a folder of images.

    Raises:
        UserError: an image can't be read.
    """
    pictures = [path for path in found.images if path.name.lower().endswith(_PICTURES)]
    lines = ["  source:", f"    kind: {found.kind}", f"    size: {_size(pictures)}    # images are resized to it"]
    if found.kind == "folder_per_class":
        lines += [f"    folders: {listed(found.classes)}", "    test_fraction: 0.25    # drawn by split_seed"]
    if found.splits:
        lines.append(f"    splits: {listed(found.splits)}")
    lines += _values(found, pictures)
    return "".join(f"{line}\n" for line in lines)


def listed(names: tuple[str, ...]) -> str:
    """Return names as a list in YAML, each in quotes."""
    return json.dumps(list(names), ensure_ascii=False)


def _values(found: ImageFolder, pictures: list[Path]) -> Iterator[str]:
    """Yield lines that say how stored values become brightness, where images are not 8-bit."""
    from medattn.sources.pixels.picture_files import read_picture

    read = [read_picture(read_bytes(path, "replace the file"), str(path), 3) for path in pictures]
    deep = [image for image in read if not image.is_8_bit]
    if deep:
        low = min(float(image.values.min()) for image in deep)
        high = max(float(image.values.max()) for image in deep)
        window = f"{{low: {low:g}, high: {max(high, low + 1):g}}}"
        yield f"    window: {window}    # range of {len(deep)} images with {deep[0].kind}; check it"
    elif len(pictures) < len(found.images):
        yield "    scaling: full-range    # or a window, in units of the file: {center: 40, width: 400}"


def _size(pictures: list[Path]) -> int:
    from PIL import Image

    sides = []
    for path in pictures[:10]:
        try:
            with open_file(path, "replace the file") as stream, Image.open(stream) as image:
                sides.append(min(image.size))
        except OSError as error:
            raise UserError(f"{path}: can't be read as an image ({error})") from error
    return max(8, min([_SIZE, *sides]))


def _folders(folder: Path) -> list[str]:
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not is_litter_name(entry.name))
    for name in names:
        refuse_unprintable(folder, name)
    return names


def _images(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.name.lower().endswith(OWN_ENDINGS) and not is_litter(name) and path.is_file():
            refuse_unprintable(folder, str(name))
            yield path


def _some(images: list[Path]) -> tuple[Path, ...]:
    return tuple(images[:: max(1, len(images) // _LOOKED_AT)][:_LOOKED_AT])


def _classes_of_table(table: Path) -> tuple[str, ...]:
    names = set()
    for row in read_label_table(table, ("image", "label")):
        refuse_unprintable(row.where, row.values[1])
        names.add(row.values[1])
    if len(names) < 2:
        raise UserError(f"{table}: the column label names {len(names)} classes; at least two are needed")
    return tuple(sorted(names))
