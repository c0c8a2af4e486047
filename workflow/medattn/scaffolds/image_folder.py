"""What a folder of images is, as the entry of a data set states it: layout, classes, depth and size."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from medattn.errors import UserError
from medattn.litter import is_litter, is_litter_name
from medattn.reading import read_bytes
from medattn.sources.folder import TABLE
from medattn.sources.folders.image_files import refuse_unprintable
from medattn.sources.folders.label_table import read_label_table
from medattn.sources.own_images import OWN_ENDINGS

_SPLITS = ("train", "val", "test")
_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".ppm", ".pgm")
_LOOKED_AT = 100
"""Images of which depth and range are looked at."""
_MEASURED = 10
"""Images that the size follows from."""
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


@dataclass(frozen=True)
class _Picture:
    """What is known of a decoded image: its shorter side in pixels, and its depth and range of values."""

    side: int
    is_8_bit: bool
    kind: str
    low: float
    high: float


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
    pictures = [_picture(path) for path in found.images if path.name.lower().endswith(_PICTURES)]
    size = max(8, min([_SIZE, *(picture.side for picture in pictures[:_MEASURED])]))
    lines = ["  source:", f"    kind: {found.kind}", f"    size: {size}    # images are resized to it"]
    if found.kind == "folder_per_class":
        lines += [f"    folders: {listed(found.classes)}", "    test_fraction: 0.25    # drawn by split_seed"]
    if found.splits:
        lines.append(f"    splits: {listed(found.splits)}")
    lines += _values(found, pictures)
    return "".join(f"{line}\n" for line in lines)


def listed(names: tuple[str, ...]) -> str:
    """Return names as a list in YAML, each in quotes."""
    return json.dumps(list(names), ensure_ascii=False)


def _values(found: ImageFolder, pictures: Sequence[_Picture]) -> Iterator[str]:
    """Yield lines that say how stored values become brightness, where images are not 8-bit."""
    deep = [picture for picture in pictures if not picture.is_8_bit]
    if deep:
        low, high = min(picture.low for picture in deep), max(picture.high for picture in deep)
        window = f"{{low: {low:g}, high: {max(high, low + 1):g}}}"
        yield f"    window: {window}    # range of {len(deep)} images with {deep[0].kind}; check it"
    elif len(pictures) < len(found.images):
        yield "    scaling: full-range    # or a window, in units of the file: {center: 40, width: 400}"


def _picture(path: Path) -> _Picture:
    """Decode an image.

    Raises:
        UserError: it can't be read.
    """
    from medattn.sources.pixels.picture_files import FORMATS, read_picture
    from medattn.sources.pixels.stored_image import decoded_or_refused

    content = read_bytes(path, "replace the file")
    image = decoded_or_refused(lambda: read_picture(content, str(path), 3), str(path), ", ".join(FORMATS))
    low, high = float(image.values.min()), float(image.values.max())
    return _Picture(min(image.values.shape[:2]), image.is_8_bit, image.kind, low, high)


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
