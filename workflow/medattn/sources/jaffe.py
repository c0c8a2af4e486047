"""JAFFE: 213 gray photographs of the faces of ten women, rated by others for six emotions.

As in the GSA paper, the label is the emotion with the highest mean rating. Where two ratings are equally high, the
first in the file's order (happiness, sadness, surprise, anger, disgust, fear) is the label; a note counts such images.
The split is drawn at random, because the paper does not publish its split.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from medattn.closed_model import MAX_SEED
from medattn.errors import UserError
from medattn.sources.base import DatasetFacts, SplitName
from medattn.sources.folders.draw_splits import draw_splits
from medattn.sources.folders.image_files import image_files
from medattn.sources.folders.label_table import check_table, parse_number
from medattn.sources.image_folder import ImageFolderSource, ImageListing, ListedImage

_EMOTIONS = 6
_KEY = re.compile(r"([A-Z]{2})-([A-Z]{2}\d)")


class JaffeSource(ImageFolderSource):
    """JAFFE: the label is the emotion with the highest of six mean ratings; gray is repeated to three channels."""

    kind: Literal["jaffe"]
    ratings: str = Field("ratings.txt", description="name of the text file with the ratings, in the folder of images")
    test_fraction: float = Field(0.2, gt=0, lt=1, description="share of the images that become the test split")
    split_by: Literal["image", "person"] = Field(
        "image",
        description="`image`: a random split that has images of a person in both parts, as in the GSA paper; `person`: "
        "all images of a person stay in one part and in one fold",
    )
    split_seed: int = Field(0, ge=0, le=MAX_SEED, description="seed of the split")

    @property
    def has_patients(self) -> bool:
        """Whether images of a person are kept together."""
        return self.split_by == "person"

    @property
    def has_official_splits(self) -> bool:
        """Whether the paper's share of test images is drawn image by image."""
        return self.split_by == "image" and self.test_fraction == 0.2

    @property
    def marker(self) -> str:
        """Name of the file of ratings."""
        return self.ratings

    def list_images(self, dataset: DatasetFacts, root: Path) -> ImageListing:
        """List the images `<person>.<emotion><number>.<serial>.tiff` with the emotion of the highest rating.

        The data set has a class for each rating, in the order of the file.

        Raises:
            UserError: the ratings are missing or malformed, or an image is missing or has no ratings.
        """
        if len(dataset.classes) != _EMOTIONS:
            raise UserError(f"{root}: classes names {len(dataset.classes)} classes, but there are {_EMOTIONS} ratings")
        table = root / self.ratings
        ratings = _ratings(table)
        files = _files(root, self.ratings)
        for key in files:
            if key not in ratings:
                raise UserError(f"{files[key]}: has no ratings in {table}")
        missing = [key for key in ratings if key not in files]
        if missing and dataset.images is not None and len(files) != sum(dataset.images.values()):
            where = ratings[missing[0]][0]
            raise UserError(f"{where}: the image of {missing[0]} is missing from the folder; put it there")
        keys = sorted(files)
        people = [key.split("-")[0] for key in keys]
        by_person = self.split_by == "person"
        splits = draw_splits(people if by_person else keys, None, {"test": self.test_fraction}, self.split_seed)
        images = [
            ListedImage(
                where, files[key].name, files[key], scores.index(max(scores)), split, person if by_person else None
            )
            for key, person, split in zip(keys, people, splits, strict=True)
            for where, scores in (ratings[key],)
        ]
        notes = tuple(_notes([ratings[key][1] for key in keys], missing))
        return ImageListing(_in_order(images), (table,), notes=notes)


def _in_order(images: list[ListedImage]) -> tuple[ListedImage, ...]:
    order: list[SplitName] = ["train", "test"]
    return tuple(sorted(images, key=lambda image: order.index(image.split)))


def _files(path: Path, ratings: str) -> dict[str, Path]:
    """Return the images by key: YM.HA2.53.tiff is YM-HA2."""
    found: dict[str, Path] = {}
    for stem, file in image_files(path, (".tiff", ".tif"), (ratings,)).items():
        key = "-".join(stem.split(".")[:2])
        if not _KEY.fullmatch(key):
            raise UserError(f"{file}: not a name such as YM.HA2.53.tiff")
        if key in found:
            raise UserError(f"{file}: {found[key].name} is the same face; keep one of the two")
        found[key] = file
    return found


def _ratings(table: Path) -> dict[str, tuple[str, list[float]]]:
    """Return file and line, and the six ratings, of each key.

    A line contains a number, six ratings and the key. Some copies have a second block with five ratings a line,
    without fear; it is ignored, as are headings.
    """
    check_table(table)
    try:
        lines = table.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise UserError(f"{table}: can't be read ({error.strerror})") from error
    found: dict[str, tuple[str, list[float]]] = {}
    for number, line in enumerate(lines, start=1):
        fields = line.split()
        if not fields or not _KEY.fullmatch(fields[-1]) or len(fields) == 1 + _EMOTIONS:
            continue
        where = f"{table} line {number}"
        try:
            scores = [parse_number(value) for value in fields[1:-1]]
        except ValueError as error:
            raise UserError(f"{where}: {error}") from error
        if len(scores) != _EMOTIONS:
            raise UserError(f"{where}: has {len(scores)} ratings, not {_EMOTIONS}")
        if not all(0 <= score <= 10 for score in scores):
            raise UserError(f"{where}: a rating lies outside 0 to 10")
        if fields[-1] in found:
            raise UserError(f"{where}: {fields[-1]} is rated in {found[fields[-1]][0].rpartition(' ')[2]} as well")
        found[fields[-1]] = (where, scores)
    if not found:
        raise UserError(f"{table}: has no line of a number, {_EMOTIONS} ratings and a key such as YM-HA2")
    return found


def _notes(ratings: list[list[float]], missing: list[str]) -> Iterator[str]:
    ties = sum(scores.count(max(scores)) > 1 for scores in ratings)
    if ties:
        have = "image has" if ties == 1 else "images have"
        yield f"{ties} {have} more than one highest rating; the first of them is the label"
    if missing:
        yield f"the ratings name {', '.join(missing)}, without images"
