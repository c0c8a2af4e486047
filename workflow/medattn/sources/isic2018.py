"""Task 3 of the ISIC 2018 challenge: 10,015 training (HAM10000), 193 validation and 1,512 test images of skin lesions.

Several training images may show one lesion; `split_by: lesion` keeps them together where a split or fold is drawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from medattn.closed_model import MAX_SEED
from medattn.errors import UserError
from medattn.sources.base import DatasetFacts, SplitName
from medattn.sources.folders.draw_splits import draw_splits
from medattn.sources.folders.image_files import image_files, other_case, refuse_unnamed
from medattn.sources.folders.label_table import LabelRow, parse_number, read_label_table
from medattn.sources.image_folder import ImageFolderSource, ImageListing, ListedImage

_PARTS: dict[SplitName, str] = {"train": "Training", "val": "Validation", "test": "Test"}
_METADATA = "HAM10000_metadata.csv"
_GROUPINGS = "ISIC2018_Task3_Training_LesionGroupings.csv"


class Isic2018Source(ImageFolderSource):
    """Task 3 of the ISIC 2018 challenge: 10,015 training (HAM10000), 193 validation and 1,512 test images."""

    kind: Literal["isic2018"]
    split: Literal["official", "test_on_validation", "random"] = Field(
        "official",
        description="`official`: the challenge's three parts; `test_on_validation`: its 193 validation images are the "
        "test split and val is cut from the training images; `random`: test and val are cut from the training images",
    )
    split_by: Literal["image", "lesion"] = Field(
        "image",
        description="unit that stays whole where splits or folds are drawn from the training images; `lesion` "
        "needs HAM10000_metadata.csv or ISIC2018_Task3_Training_LesionGroupings.csv",
    )
    val_fraction: float = Field(
        0.1, gt=0, lt=1, description="share of the training images that become val, by class, where it is cut from them"
    )
    test_fraction: float = Field(
        0.2,
        gt=0,
        lt=1,
        description="share of the training images that become test, by class, where it is cut from them",
    )
    split_seed: int = Field(0, ge=0, le=MAX_SEED, description="seed of the splits that are cut")
    whole_batches: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="batch size: leave out the last test images, in the order of the table, that don't fill a batch; "
        "with `test_on_validation`, 32 leaves the 192 images that the PPCR paper's accuracies fit; default: all stay",
    )

    @model_validator(mode="after")
    def _something_is_left_to_train_on(self) -> Self:
        if self.val_fraction + self.test_fraction >= 1:
            raise ValueError("val_fraction and test_fraction leave no training images")
        return self

    @property
    def has_patients(self) -> bool:
        """Whether images of a lesion are kept together."""
        return self.split_by == "lesion"

    @property
    def has_official_splits(self) -> bool:
        """Whether the splits are the challenge's parts."""
        return self.split == "official" and self.whole_batches is None

    @property
    def draws_splits(self) -> bool:
        """Whether options can cut the official parts differently."""
        return True

    @property
    def marker(self) -> str:
        """Name of the folder of training images."""
        return "ISIC2018_Task3_Training_Input"

    def split_counts(self, counts: Mapping[SplitName, Sequence[int]]) -> dict[SplitName, list[int]]:
        """Return the images per class of each split, given those of the parts of the challenge."""
        split = super().split_counts(counts)
        if self.split != "official":
            shares: dict[SplitName, float] = {"val": self.val_fraction}
            if self.split == "random":
                shares["test"] = self.test_fraction
            drawn = {name: [round(share * count) for count in counts["train"]] for name, share in shares.items()}
            rest = [count - sum(part) for count, *part in zip(counts["train"], *drawn.values(), strict=True)]
            split = {"train": rest, "val": drawn["val"], "test": drawn.get("test", list(counts["val"]))}
        if self.whole_batches:  # the classes of the images left out are unknown: assume the largest class
            left_out, largest = sum(split["test"]) % self.whole_batches, max(split["test"])
            split["test"] = [n - left_out * (i == split["test"].index(largest)) for i, n in enumerate(split["test"])]
        return split

    def list_images(self, dataset: DatasetFacts, root: Path) -> ImageListing:
        """List the images of the parts that the split needs.

        The class names of the data set are the column names of the tables of truth. The tables are where the archives
        put them.

        Raises:
            UserError: a table or image is missing, an image has no row or not one class, a lesion is unknown, or the
                test images don't fill one batch.
        """
        training, table = _part(dataset, root, "train")
        tables, parts = [table], list[ListedImage]()
        shares: dict[SplitName, float] = {"test": self.test_fraction, "val": self.val_fraction}
        if self.split != "random":
            del shares["test"]
            parts, table = _part(dataset, root, "val")
            tables.append(table)
        if self.split == "test_on_validation":
            parts = _moved(parts, ["test"] * len(parts))
        if self.split == "official":
            shares = {}
            test, table = _part(dataset, root, "test")
            parts, tables = [*parts, *test], [*tables, table]
        if self.split_by == "lesion":
            lesions, table = _lesions(root)
            tables.append(table)
            training = [replace(image, patient=_lesion(image, lesions, table)) for image in training]
            _check_lesions(training)
            # The lesions of the other parts are not published: each image counts as a separate lesion.
            parts = [replace(image, patient=image.file.stem) for image in parts]
        names = [image.patient or image.name for image in training]
        drawn = draw_splits(names, [image.label for image in training], shares, self.split_seed)
        images = sorted([*_moved(training, drawn), *parts], key=lambda image: list(_PARTS).index(image.split))
        left_out = _left_out(self, sum(image.split == "test" for image in images))
        notes = (f"test images left out, which fill no batch of {self.whole_batches}: the last {left_out}",)
        # Test images are the last.
        return ImageListing(tuple(images[: len(images) - left_out]), tuple(tables), notes=notes if left_out else ())


def _left_out(source: Isic2018Source, test_images: int) -> int:
    """Return the number of test images that don't fill a batch, where only whole batches are measured."""
    if source.whole_batches is None:
        return 0
    if source.whole_batches > test_images:
        raise UserError(f"source.whole_batches: {source.whole_batches}, but there are {test_images} test images only")
    return test_images % source.whole_batches


def _part(dataset: DatasetFacts, path: Path, split: SplitName) -> tuple[list[ListedImage], Path]:
    """Return the images of a part of the challenge, and the table of their truth."""
    stem = f"ISIC2018_Task3_{_PARTS[split]}"
    folder, truth = path / f"{stem}_Input", f"{stem}_GroundTruth"
    nested, flat = path / truth / f"{truth}.csv", path / f"{truth}.csv"
    table = nested if nested.is_file() else flat
    files = image_files(folder, (".jpg", ".jpeg"))
    rows = read_label_table(table, ("image", *dataset.classes))
    refuse_unnamed(files, {row.values[0] for row in rows}, table)
    images = []
    for row in rows:
        name = row.values[0]
        if name not in files:
            there = other_case(name, files)
            raise UserError(f"{row.where}: {name}.jpg is missing from {folder}{there}; put it there")
        images.append(ListedImage(row.where, f"{folder.name}/{files[name].name}", files[name], _label(row), split))
    _check_part(dataset, split, images, table)
    return images, table


def _label(row: LabelRow) -> int:
    try:
        truth = [parse_number(value) for value in row.values[1:]]
    except ValueError as error:
        raise UserError(f"{row.where}: {error}") from error
    if sorted(truth) != [0.0] * (len(truth) - 1) + [1.0]:
        raise UserError(f"{row.where}: {row.values[0]} should have 1 in one class and 0 in the others")
    return truth.index(1.0)


def _check_part(dataset: DatasetFacts, split: SplitName, images: list[ListedImage], table: Path) -> None:
    """Compare a part with the counts of the registry, before a split is drawn from it."""
    if dataset.counts is None or split not in dataset.counts:
        return
    found = [sum(image.label == label for image in images) for label in range(len(dataset.classes))]
    for name, count, promised in zip(dataset.classes, found, dataset.counts[split], strict=True):
        if count != promised:
            raise UserError(
                f"{table}: has {count} images of class '{name}', but `counts` of the data set says {promised}"
            )


def _lesions(path: Path) -> tuple[dict[str, str], Path]:
    """Return the lesion of each training image, and the table that names it."""
    for table, image_column in ((path / _METADATA, "image_id"), (path / _GROUPINGS, "image")):
        if table.is_file():
            rows = read_label_table(table, (image_column, "lesion_id"))
            return {row.values[0]: row.values[1] for row in rows}, table
    raise UserError(f"{path}: split_by: lesion needs {_METADATA} or {_GROUPINGS} in this folder")


def _lesion(image: ListedImage, lesions: dict[str, str], table: Path) -> str:
    stem = image.file.stem
    if stem not in lesions:
        raise UserError(f"{image.where}: {stem} has no lesion in {table}")
    return lesions[stem]


def _check_lesions(images: Sequence[ListedImage]) -> None:
    labels: dict[str | None, int] = {}
    for image in images:
        if labels.setdefault(image.patient, image.label) != image.label:
            raise UserError(f"{image.where}: the lesion {image.patient} has images of two classes")


def _moved(images: Sequence[ListedImage], splits: Sequence[SplitName]) -> list[ListedImage]:
    return [replace(image, split=split) for image, split in zip(images, splits, strict=True)]
