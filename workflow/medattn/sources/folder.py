"""Your own images: a folder with a table `images.csv`.

Columns: image (path of the file, relative to the folder), label (name of a class, or its position where no class is
named by a number), split (train, val or test) and, optionally, patient.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from medattn.errors import UserError
from medattn.sources.base import SPLITS, Channels, DatasetFacts
from medattn.sources.folders.image_files import other_case_in
from medattn.sources.folders.image_paths import ImagePaths
from medattn.sources.folders.label_table import bounded_lines, check_table, class_position
from medattn.sources.folders.listed_once import check_listed_images
from medattn.sources.image_folder import SIZE, ImageListing, ListedImage
from medattn.sources.own_images import OwnImagesSource
from medattn.suggestions import unknown_name

TABLE = "images.csv"
_NEEDED = ("image", "label", "split")
_COLUMNS = (*_NEEDED, "patient")


class FolderSource(OwnImagesSource):
    """A folder of images with a table `images.csv` (columns image, label, split and, optionally, patient)."""

    kind: Literal["folder"]
    size: int = Field(ge=8, le=4096, description=SIZE)
    channels: Channels = Field(3, description="1 (gray) or 3 (color, gray repeated)")
    spacing: float | None = Field(
        None,
        gt=0,
        le=100,
        description="millimeters between the pixels of the originals, which are resampled to 1 mm, bilinear; default: "
        "they are taken as they are",
    )
    crop: int | None = Field(
        None,
        ge=8,
        le=4096,
        description="height and width in pixels of the middle part that is kept after resampling, before images are "
        "resized; smaller images get a border of zeros; default: all of the image, whose aspect ratio is not kept",
    )

    @property
    def shape(self) -> tuple[int, Channels]:
        """Height (which is the width) in pixels, and channels of the images."""
        return self.size, self.channels

    @property
    def marker(self) -> str:
        """Name of the table."""
        return TABLE

    def list_images(self, dataset: DatasetFacts, root: Path) -> ImageListing:
        """Read and check the table.

        Raises:
            UserError: table or folder is missing; or, with the number of the row, a value is wrong, two rows name one
                image, a patient is in two splits, or an image is missing or outside the folder.
        """
        images = tuple(_read_table(dataset.classes, root))
        return self.with_values(ImageListing(images, (root / TABLE,), spacing=self.spacing, crop=self.crop))


def _read_table(classes: Sequence[str], path: Path) -> list[ListedImage]:
    table = path / TABLE
    check_table(table)
    try:
        with table.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(bounded_lines(stream, table), strict=True)
            _check_columns(reader.fieldnames or [], table)
            paths = ImagePaths(path)
            rows = [_row(classes, values, f"{table} row {reader.line_num}", paths) for values in reader]
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UserError(
            f"{table}: no such file{other_case_in(path, TABLE)}; write one with the columns {', '.join(_NEEDED)}"
        ) from error
    except OSError as error:
        raise UserError(f"{table}: can't be read ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{table}: not a CSV table in UTF-8 ({error})") from error
    if not rows:
        raise UserError(f"{table}: has no row")
    check_listed_images(rows)
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


def _row(classes: Sequence[str], values: dict[str, str | None], where: str, paths: ImagePaths) -> ListedImage:
    if None in values or None in values.values():
        raise UserError(f"{where}: the number of values is not the number of columns")
    image, label, split = ((values[name] or "").strip() for name in _NEEDED)
    written = values.get("patient")
    patient = None if written is None else written.strip()
    if not image:
        raise UserError(f"{where}: names no image")
    if split not in SPLITS:
        raise UserError(f"{where}: {unknown_name('split', split, SPLITS)}")
    if patient == "":
        raise UserError(f"{where}: names no patient; leave out the column where patients are unknown")
    file, position = paths.path(image, where), class_position(classes, label, where)
    return ListedImage(where, image, file, position, split, patient)
