"""Bring your own: a folder of images with a table `images.csv`.

Columns: image (path of the file, relative to the folder), label (name of a class, or its position where no
class is named by a number), split (train, val or test) and, optionally, patient.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medattn.config.models.dataset import DatasetEntry, SplitName
from medattn.datasets.folder_images import FolderImage, Listing
from medattn.datasets.source import SPLITS
from medattn.errors import UserError
from medattn.suggestions import unknown_name

TABLE = "images.csv"
_NEEDED = ("image", "label", "split")
_COLUMNS = (*_NEEDED, "patient")


@dataclass(frozen=True)
class _Row:
    """A row of images.csv: `where` names table and line, `file` lies inside the folder."""

    where: str
    line: int
    image: str
    file: Path
    label: int
    split: SplitName
    patient: str | None


def list_folder(entry: DatasetEntry, path: Path) -> Listing:
    """Read and check `path`/images.csv without opening images.

    Args:
        entry: an entry whose source is `folder`.
        path: the folder.

    Raises:
        UserError: table or folder is missing; or, with the row's number, a value is wrong, a row stands
            twice, a patient is in two splits, or an image is missing or outside the folder.
    """
    rows = _read_table(entry, path)
    images = (FolderImage(row.where, row.image, row.file, row.label, row.split, row.patient) for row in rows)
    return Listing(tuple(images), (path / TABLE,))


def _read_table(entry: DatasetEntry, path: Path) -> list[_Row]:
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


def _row(entry: DatasetEntry, values: dict[str, str | None], path: Path, line: int) -> _Row:
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
    return _Row(where, line, image, file, position, split, patient)


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


def _check_unique(rows: list[_Row]) -> None:
    seen: dict[Path, _Row] = {}
    for row in rows:
        if row.file in seen:
            raise UserError(f"{row.where}: {row.image} stands in row {seen[row.file].line} as well")
        seen[row.file] = row


def _check_patients(rows: list[_Row]) -> None:
    seen: dict[str, _Row] = {}
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
