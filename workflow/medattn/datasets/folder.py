"""Bring your own: a folder of images with a table `images.csv`.

Columns: image (path of the file, relative to the folder), label (name of a class, or its position where no
class is named by a number), split (train, val or test) and, optionally, patient. Images are 8-bit PNG, JPEG,
TIFF, BMP or PPM. They are turned upright as their EXIF says, converted to gray or colour and resized to a
square by area averaging (as OpenCV's INTER_AREA does when it shrinks an image).
"""

import csv
import hashlib
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from scipy.sparse import csr_array

from medattn.config.dataset import DatasetEntry, FolderSource
from medattn.datasets.source import SPLITS, Images, SourceData, SourceFile, Split, source_file
from medattn.errors import UserError
from medattn.nearest import unknown_name

TABLE = "images.csv"
_NEEDED = ("image", "label", "split")
_COLUMNS = (*_NEEDED, "patient")
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "PPM")
_EIGHT_BIT = {"1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"}


@dataclass(frozen=True)
class Row:
    """A row of images.csv: `where` names table and line, `file` lies inside the folder."""

    where: str
    line: int
    image: str
    file: Path
    label: int
    split: str
    patient: str | None


def read_folder(entry: DatasetEntry, path: Path) -> SourceData:
    """Read the images that `path`/images.csv names.

    Args:
        entry: an entry whose source is `folder`.
        path: the folder.

    Raises:
        UserError: table or folder is missing; or, with the row's number, a value is wrong, a row stands
            twice, a patient is in two splits, an image is missing, unreadable, too large or outside the
            folder.
    """
    source = entry.source
    assert isinstance(source, FolderSource)
    rows = read_table(entry, path)
    whole = _Whole()
    images: dict[str, list[Images]] = {name: [] for name in SPLITS}
    for row in rows:
        content = _content(row)
        whole.add(row, content)
        images[row.split].append(_resized(_pixels(row, content, source.channels), source.size))
    files = (source_file(path / TABLE), whole.file())
    splits: dict[str, Split] = {}
    for name in SPLITS:
        members = [row for row in rows if row.split == name]
        if members:
            labels = np.array([row.label for row in members], dtype=np.int64)
            groups = [row.patient for row in members if row.patient is not None] or None
            splits[name] = Split(np.stack(images[name]), labels, groups)
    return SourceData(splits, files)


def folder_files(entry: DatasetEntry, path: Path) -> tuple[SourceFile, ...]:
    """Return size and hash of the table and of all its images together, as `read_folder` records them.

    Raises:
        UserError: the table is wrong or an image is missing.
    """
    rows = read_table(entry, path)
    whole = _Whole()
    for row in rows:
        whole.add(row, _content(row))
    return source_file(path / TABLE), whole.file()


def read_table(entry: DatasetEntry, path: Path) -> list[Row]:
    """Read and check images.csv without opening images.

    Raises:
        UserError: the table is missing or a row of it is wrong.
    """
    table = path / TABLE
    try:
        with table.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            _check_columns(reader.fieldnames or [], table)
            rows = [_row(entry, values, path, reader.line_num) for values in reader]
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UserError(f"{table}: no such file; write one with the columns {', '.join(_NEEDED)}") from error
    except OSError as error:
        raise UserError(f"{table}: can't be read ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{table}: not a CSV table in UTF-8 ({error})") from error
    if not rows:
        raise UserError(f"{table}: has no row")
    _check_unique(rows)
    _check_patients(rows)
    return rows


def _check_columns(names: Sequence[str], table: Path) -> None:
    for name in _NEEDED:
        if name not in names:
            raise UserError(f"{table}: has no column '{name}'; found: {', '.join(names) or 'none'}")
    for name in names:
        if name not in _COLUMNS:
            raise UserError(f"{table}: {unknown_name('column', name, _COLUMNS)}")
    if len(set(names)) < len(names):
        raise UserError(f"{table}: names a column twice")


def _row(entry: DatasetEntry, values: dict[str, str | None], path: Path, line: int) -> Row:
    where = f"{path / TABLE} row {line}"
    if None in values or None in values.values():
        raise UserError(f"{where}: has not as many values as the table has columns")
    image, label, split = ((values[name] or "").strip() for name in _NEEDED)
    written = values.get("patient")
    patient = None if written is None else written.strip()
    if not image:
        raise UserError(f"{where}: names no image")
    if split not in SPLITS:
        raise UserError(f"{where}: {unknown_name('split', split, SPLITS)}")
    if patient == "":
        raise UserError(f"{where}: names no patient; leave out the column where patients are unknown")
    file, position = _inside(path, image, where), _label(entry.classes, label, where)
    return Row(where, line, image, file, position, split, patient)


def _label(classes: list[str], label: str, where: str) -> int:
    if label in classes:
        return classes.index(label)
    # A number could be read as a name or a position where classes are named by numbers: then only names
    # count.
    if label.isdecimal() and not any(name.isdecimal() for name in classes) and int(label) < len(classes):
        return int(label)
    raise UserError(f"{where}: {unknown_name('class', label, classes)}")


def _inside(folder: Path, image: str, where: str) -> Path:
    try:
        file = (folder / image).resolve()
        is_file = file.is_file()
    except (OSError, RuntimeError, ValueError) as error:
        raise UserError(f"{where}: {image!r} is not a path ({error})") from error
    if Path(image).is_absolute() or not file.is_relative_to(folder.resolve()):
        raise UserError(f"{where}: {image} lies outside the folder; copy the image into it")
    if not is_file:
        raise UserError(f"{where}: {image} is missing from the folder")
    return file


def _check_unique(rows: list[Row]) -> None:
    seen: dict[Path, Row] = {}
    for row in rows:
        if row.file in seen:
            raise UserError(f"{row.where}: {row.image} stands in row {seen[row.file].line} as well")
        seen[row.file] = row


def _check_patients(rows: list[Row]) -> None:
    seen: dict[str, Row] = {}
    for row in rows:
        if row.patient is None:
            continue
        first = seen.setdefault(row.patient, row)
        if first.split != row.split:
            raise UserError(
                f"{row.where}: patient {row.patient} is in split '{row.split}', "
                f"but in '{first.split}' in row {first.line}; "
                "a patient's images must stay in one split"
            )


def _content(row: Row) -> bytes:
    try:
        return row.file.read_bytes()
    except OSError as error:
        raise UserError(f"{row.where}: {row.image} can't be read ({error.strerror})") from error


class _Whole:
    """All image files together: the hash of lines `<SHA-256>  <image>` of each, in the table's order."""

    def __init__(self) -> None:
        self._digest, self._bytes, self._files = hashlib.sha256(), 0, 0

    def add(self, row: Row, content: bytes) -> None:
        self._digest.update(f"{hashlib.sha256(content).hexdigest()}  {row.image}\n".encode())
        self._bytes += len(content)
        self._files += 1

    def file(self) -> SourceFile:
        return SourceFile(f"images ({self._files} files)", self._bytes, self._digest.hexdigest())


def _pixels(row: Row, content: bytes, channels: int) -> Images:
    """Decode an image to uint8, (height, width, channels)."""
    try:
        with warnings.catch_warnings():
            # Pillow only warns of images that unpack to more than 90 million pixels: refuse these.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                if image.mode not in _EIGHT_BIT:
                    raise UserError(f"{row.where}: {row.image} is not an 8-bit image (mode {image.mode}); convert it")
                if getattr(image, "n_frames", 1) > 1:
                    raise UserError(f"{row.where}: {row.image} holds several images; keep one")
                upright = ImageOps.exif_transpose(image).convert("L" if channels == 1 else "RGB")
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise UserError(f"{row.where}: {row.image} is too large ({error})") from error
    except UserError:
        raise
    except Exception as error:  # damaged files make Pillow's decoders raise errors of many kinds
        formats = ", ".join(_FORMATS)
        raise UserError(f"{row.where}: {row.image} is not a readable image ({formats}) or is damaged") from error
    return np.asarray(upright, dtype=np.uint8).reshape(upright.height, upright.width, channels)


def _resized(image: Images, size: int) -> Images:
    """Resize uint8 (H, W, C) to (size, size, C): each new pixel is the mean of the area that it covers."""
    height, width, channels = image.shape
    if (height, width) == (size, size):
        return image
    # Pillow's BOX filter takes whole pixels only, which is coarse where the size hardly changes (256 to 224).
    rows = _area_weights(height, size) @ image.reshape(height, width * channels).astype(np.float64)
    columns = rows.reshape(size, width, channels).transpose(1, 0, 2).reshape(width, size * channels)
    means = (_area_weights(width, size) @ columns).reshape(size, size, channels).transpose(1, 0, 2)
    return np.asarray(np.clip(np.rint(means), 0, 255), dtype=np.uint8)


def _area_weights(old: int, new: int) -> csr_array:
    """Return the sparse (new, old) matrix of the shares of old pixels in new ones; rows sum to 1."""
    edges = np.arange(new + 1) * (old / new)
    values, columns, starts = [], [], [0]
    for low, high in pairwise(edges):
        covered = np.arange(int(low), min(old, int(np.ceil(high))))
        share = np.minimum(covered + 1, high) - np.maximum(covered, low)
        values.append(share / share.sum())
        columns.append(covered)
        starts.append(starts[-1] + len(covered))
    return csr_array((np.concatenate(values), np.concatenate(columns), starts), shape=(new, old))
