"""IDRiD, part B (disease grading): 413 training and 103 test fundus photographs of 4288 x 2848 pixels.

Prepared as the GSA paper did: the columns 260 to 3685 stay, right eyes are flipped so that all look like left ones,
and the rest is resized by area averaging without keeping the aspect ratio. Which eyes are right ones is in
`idrid_flipped.json`, positions counted from 0: those that the paper's authors listed.
"""

import json
import re
from functools import cache
from pathlib import Path

from medattn.config.models.dataset import DatasetEntry, SplitName
from medattn.config.sources.sources import IdridSource
from medattn.datasets.folder_images import FolderImage, Listing
from medattn.datasets.image_files import image_files, refuse_unnamed
from medattn.datasets.label_table import read_label_table
from medattn.errors import UserError
from medattn.suggestions import unknown_name

_MIRRORED = Path(__file__).with_name("idrid_flipped.json")
_IMAGES = "1. Original Images"
_LABELS = "2. Groundtruths"
_PARTS: dict[SplitName, tuple[str, str]] = {
    "train": ("a. Training Set", "a. IDRiD_Disease Grading_Training Labels.csv"),
    "test": ("b. Testing Set", "b. IDRiD_Disease Grading_Testing Labels.csv"),
}
_COLUMNS = {"retinopathy": "Retinopathy grade", "macular_edema": "Risk of macular edema"}
_NAME = re.compile(r"IDRiD_(\d{3})")


def list_idrid(entry: DatasetEntry, path: Path) -> Listing:
    """List the images that the two tables of labels name; their names start anew in the test set.

    Args:
        entry: an entry whose source is `idrid`, whose classes are the grades.
        path: the folder with "1. Original Images" and "2. Groundtruths".

    Raises:
        UserError: a table or image is missing, an image has no row, or a grade is none of the classes.
    """
    source = entry.source
    assert isinstance(source, IdridSource)
    images = [image for split in _PARTS for image in _part(entry, source, path, split)]
    tables = tuple(path / _LABELS / table for _, table in _PARTS.values())
    width, height = source.original
    first, last = source.columns
    return Listing(tuple(images), tables, (width, height), (first, last))


@cache
def flipped_positions() -> dict[SplitName, frozenset[int]]:
    """Return the positions, counted from 0, of the right eyes in each split."""
    return {split: frozenset(positions) for split, positions in json.loads(_MIRRORED.read_text()).items()}


def _part(entry: DatasetEntry, source: IdridSource, path: Path, split: SplitName) -> list[FolderImage]:
    folder, table = path / _IMAGES / _PARTS[split][0], path / _LABELS / _PARTS[split][1]
    files = image_files(folder, (".jpg", ".jpeg"))
    rows = read_label_table(table, ("Image name", _COLUMNS[source.task]))
    refuse_unnamed(files, {row.values[0] for row in rows}, table)
    flipped = flipped_positions()[split] if source.flip_right_eyes else frozenset()
    images = []
    for row in rows:
        name, grade = row.values
        number = _NAME.fullmatch(name)
        if number is None:
            raise UserError(f"{row.where}: {name} is not a name such as IDRiD_001")
        if name not in files:
            raise UserError(f"{row.where}: {name}.jpg is missing from {folder}")
        if grade not in entry.classes:
            raise UserError(f"{row.where}: {unknown_name('grade', grade, entry.classes)}")
        images.append(
            FolderImage(
                where=row.where,
                name=f"{_PARTS[split][0]}/{files[name].name}",
                file=files[name],
                label=entry.classes.index(grade),
                split=split,
                flipped=int(number[1]) - 1 in flipped,
            )
        )
    return images
