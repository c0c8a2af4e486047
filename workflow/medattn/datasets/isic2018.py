"""Task 3 of the ISIC 2018 challenge: 10,015 training (HAM10000), 193 validation and 1,512 test images of skin lesions.

Several training images may show one lesion; `split_by: lesion` keeps them together where a split or fold is drawn.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from medattn.config.models.dataset import DatasetEntry, SplitName
from medattn.config.sources.sources import Isic2018Source
from medattn.datasets.folder_images import FolderImage, Listing
from medattn.datasets.image_files import image_files, refuse_unnamed
from medattn.datasets.label_table import LabelRow, read_label_table
from medattn.datasets.splitting import draw_splits
from medattn.errors import UserError

_PARTS: dict[SplitName, str] = {"train": "Training", "val": "Validation", "test": "Test"}
_METADATA = "HAM10000_metadata.csv"
_GROUPINGS = "ISIC2018_Task3_Training_LesionGroupings.csv"


def list_isic2018(entry: DatasetEntry, path: Path) -> Listing:
    """List the images of the parts that the split needs.

    Args:
        entry: an entry whose source is `isic2018`, with the classes as the tables of truth name their columns.
        path: the folder with ISIC2018_Task3_Training_Input and so on, and the tables, as the archives unpack.

    Raises:
        UserError: a table or image is missing, an image has no row or not one class, a lesion is unknown, or there are
            fewer test images than a batch should have.
    """
    source = entry.source
    assert isinstance(source, Isic2018Source)
    training, table = _part(entry, path, "train")
    tables, parts = [table], list[FolderImage]()
    shares: dict[SplitName, float] = {"test": source.test_fraction, "val": source.val_fraction}
    if source.split != "random":
        del shares["test"]
        parts, table = _part(entry, path, "val")
        tables.append(table)
    if source.split == "test_on_validation":
        parts = _moved(parts, ["test"] * len(parts))
    if source.split == "official":
        shares = {}
        test, table = _part(entry, path, "test")
        parts, tables = [*parts, *test], [*tables, table]
    if source.split_by == "lesion":
        lesions, table = _lesions(path)
        tables.append(table)
        training = [replace(image, patient=_lesion(image, lesions, table)) for image in training]
        _check_lesions(training)
        # Nobody says which images of the other parts show the same lesion: each counts as one of its own.
        parts = [replace(image, patient=image.file.stem) for image in parts]
    names = [image.patient or image.name for image in training]
    drawn = draw_splits(names, [image.label for image in training], shares, source.split_seed)
    images = sorted([*_moved(training, drawn), *parts], key=lambda image: list(_PARTS).index(image.split))
    left_out = _left_out(source, sum(image.split == "test" for image in images))
    notes = (f"test images left out, which fill no batch of {source.whole_batches}: the last {left_out}",)
    # Test images stand last.
    return Listing(tuple(images[: len(images) - left_out]), tuple(tables), notes=notes if left_out else ())


def _left_out(source: Isic2018Source, test_images: int) -> int:
    """Return how many test images don't fill a batch, where only whole batches are wanted."""
    if source.whole_batches is None:
        return 0
    if source.whole_batches > test_images:
        raise UserError(f"source.whole_batches: {source.whole_batches}, but there are {test_images} test images only")
    return test_images % source.whole_batches


def _part(entry: DatasetEntry, path: Path, split: SplitName) -> tuple[list[FolderImage], Path]:
    """Return the images of a part of the challenge, and the table of their truth."""
    stem = f"ISIC2018_Task3_{_PARTS[split]}"
    folder, truth = path / f"{stem}_Input", f"{stem}_GroundTruth"
    nested, beside = path / truth / f"{truth}.csv", path / f"{truth}.csv"
    table = nested if nested.is_file() else beside
    files = image_files(folder, (".jpg", ".jpeg"))
    rows = read_label_table(table, ("image", *entry.classes))
    refuse_unnamed(files, {row.values[0] for row in rows}, table)
    images = []
    for row in rows:
        name = row.values[0]
        if name not in files:
            raise UserError(f"{row.where}: {name}.jpg is missing from {folder}")
        images.append(FolderImage(row.where, f"{folder.name}/{files[name].name}", files[name], _label(row), split))
    _check_part(entry, split, images, table)
    return images, table


def _label(row: LabelRow) -> int:
    try:
        truth = [float(value) for value in row.values[1:]]
    except ValueError as error:
        raise UserError(f"{row.where}: {error}") from error
    if sorted(truth) != [0.0] * (len(truth) - 1) + [1.0]:
        raise UserError(f"{row.where}: {row.values[0]} has not 1 in one class and 0 in the others")
    return truth.index(1.0)


def _check_part(entry: DatasetEntry, split: SplitName, images: list[FolderImage], table: Path) -> None:
    """Compare a part with the registry's counts before any split is drawn from it."""
    if entry.counts is None or split not in entry.counts:
        return
    found = [sum(image.label == label for image in images) for label in range(len(entry.classes))]
    for name, count, promised in zip(entry.classes, found, entry.counts[split], strict=True):
        if count != promised:
            raise UserError(
                f"{table}: has {count} images of class '{name}', but counts of the data set says {promised}"
            )


def _lesions(path: Path) -> tuple[dict[str, str], Path]:
    """Return the lesion of each training image, and the table that says it."""
    for table, image_column in ((path / _METADATA, "image_id"), (path / _GROUPINGS, "image")):
        if table.is_file():
            rows = read_label_table(table, (image_column, "lesion_id"))
            return {row.values[0]: row.values[1] for row in rows}, table
    raise UserError(f"{path}: split_by: lesion needs {_METADATA} or {_GROUPINGS} in this folder")


def _lesion(image: FolderImage, lesions: dict[str, str], table: Path) -> str:
    stem = image.file.stem
    if stem not in lesions:
        raise UserError(f"{image.where}: {stem} has no lesion in {table}")
    return lesions[stem]


def _check_lesions(images: Sequence[FolderImage]) -> None:
    labels: dict[str | None, int] = {}
    for image in images:
        if labels.setdefault(image.patient, image.label) != image.label:
            raise UserError(f"{image.where}: the lesion {image.patient} has images of two classes")


def _moved(images: Sequence[FolderImage], splits: Sequence[SplitName]) -> list[FolderImage]:
    return [replace(image, split=split) for image, split in zip(images, splits, strict=True)]
