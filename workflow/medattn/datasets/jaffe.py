"""JAFFE: 213 gray photographs of ten women's faces, rated by others for six emotions.

As in the GSA paper, the label is the emotion with the highest mean rating. Where two ratings are equally high, the
first in the file's order (happiness, sadness, surprise, anger, disgust, fear) counts; a note says how often. The split
is drawn at random (the paper's is not published).
"""

import re
from collections.abc import Iterator
from pathlib import Path

from medattn.config.models.dataset import DatasetEntry, SplitName
from medattn.config.sources.sources import JaffeSource
from medattn.datasets.folder_images import FolderImage, Listing
from medattn.datasets.image_files import image_files
from medattn.datasets.splitting import draw_splits
from medattn.errors import UserError

_EMOTIONS = 6
_KEY = re.compile(r"([A-Z]{2})-([A-Z]{2}\d)")


def list_jaffe(entry: DatasetEntry, path: Path) -> Listing:
    """List the images with the emotion that the ratings give them.

    Args:
        entry: an entry whose source is `jaffe`, with a class for each rating, in the file's order.
        path: the folder of the images, `<person>.<emotion><number>.<serial>.tiff`, and the ratings.

    Raises:
        UserError: the ratings are missing or not in their layout, or an image is missing or has no ratings.
    """
    source = entry.source
    assert isinstance(source, JaffeSource)
    if len(entry.classes) != _EMOTIONS:
        raise UserError(f"{path}: classes names {len(entry.classes)} classes, but there are {_EMOTIONS} ratings")
    table = path / source.ratings
    ratings = _ratings(table)
    files = _files(path)
    for key in files:
        if key not in ratings:
            raise UserError(f"{files[key]}: has no ratings in {table}")
    missing = [key for key in ratings if key not in files]
    if missing and entry.images is not None and len(files) != sum(entry.images.values()):
        raise UserError(f"{ratings[missing[0]][0]}: the image of {missing[0]} is missing from the folder")
    keys = sorted(files)
    people = [key.split("-")[0] for key in keys]
    by_person = source.split_by == "person"
    splits = draw_splits(people if by_person else keys, None, {"test": source.test_fraction}, source.split_seed)
    images = [
        FolderImage(where, files[key].name, files[key], scores.index(max(scores)), split, person if by_person else None)
        for key, person, split in zip(keys, people, splits, strict=True)
        for where, scores in (ratings[key],)
    ]
    return Listing(_in_order(images), (table,), notes=tuple(_notes([ratings[key][1] for key in keys], missing)))


def _in_order(images: list[FolderImage]) -> tuple[FolderImage, ...]:
    order: list[SplitName] = ["train", "test"]
    return tuple(sorted(images, key=lambda image: order.index(image.split)))


def _files(path: Path) -> dict[str, Path]:
    """Return the images by key: YM.HA2.53.tiff is YM-HA2."""
    found: dict[str, Path] = {}
    for stem, file in image_files(path, (".tiff", ".tif")).items():
        key = "-".join(stem.split(".")[:2])
        if not _KEY.fullmatch(key):
            raise UserError(f"{file}: not a name such as YM.HA2.53.tiff")
        if key in found:
            raise UserError(f"{file}: {found[key].name} is the same face; keep one of the two")
        found[key] = file
    return found


def _ratings(table: Path) -> dict[str, tuple[str, list[float]]]:
    """Return place and six ratings of each key.

    A line holds a number, six ratings and the key. Some copies carry a second block of five ratings a line, made
    without fear; it is passed over, as are headings.
    """
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
            scores = [float(value) for value in fields[1:-1]]
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
        raise UserError(f"{table}: holds no line of a number, {_EMOTIONS} ratings and a key such as YM-HA2")
    return found


def _notes(ratings: list[list[float]], missing: list[str]) -> Iterator[str]:
    ties = sum(scores.count(max(scores)) > 1 for scores in ratings)
    if ties:
        have = "image has" if ties == 1 else "images have"
        yield f"{ties} {have} more than one highest rating; the first of them is the label"
    if missing:
        yield f"the ratings name {', '.join(missing)}, of which there is no image"
