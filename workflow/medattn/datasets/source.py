"""What a source hands over: images and labels by split, checked against what the registry promises."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from medattn.config.models.dataset import DatasetEntry, SplitName
from medattn.errors import UserError

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Region = npt.NDArray[np.bool_]

SPLITS: tuple[SplitName, ...] = ("train", "val", "test")


@dataclass(frozen=True)
class Split:
    """The images of one split.

    Attributes:
        images: uint8, (N, height, width, channels), 0 to 255.
        labels: int64, (N,), positions in the list of classes.
        groups: the patient of each image, where known; images of one patient belong together.
        names: the path of each image in the original, where that is a folder of images; not kept when prepared.
    """

    images: Images
    labels: Labels
    groups: list[str] | None = None
    names: list[str] | None = None


@dataclass(frozen=True)
class SourceFile:
    """A file that images were read from, known by its size in bytes and its hashes; never by its place."""

    name: str
    bytes: int
    sha256: str
    md5: str | None = None


@dataclass(frozen=True)
class SourceData:
    """What a source read.

    Attributes:
        splits: by name, of train, val and test; a data set may have no val.
        source_files: the files that the images came from; none where they are made or embedded.
        region: bool, (height, width), the pixels where lesions can lie, where that is known.
        notes: what a reader of results should know of the images, a sentence each.
    """

    splits: Mapping[str, Split]
    source_files: tuple[SourceFile, ...] = ()
    region: Region | None = None
    notes: tuple[str, ...] = ()


def source_file(path: Path) -> SourceFile:
    """Return size and hashes of the file at `path`."""
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            sha256.update(chunk)
            md5.update(chunk)
            size += len(chunk)
    return SourceFile(path.name, size, sha256.hexdigest(), md5.hexdigest())


def images_per_class(labels: Labels, classes: int) -> list[int]:
    """Return how many of `labels` fall on each of `classes` classes."""
    return [int(count) for count in np.bincount(labels, minlength=classes)]


def check_source(entry: DatasetEntry, data: SourceData, where: str) -> None:
    """Check that what a source read can be trained on and is what `entry` promises.

    Args:
        entry: the registry's entry of the data set.
        data: what its source read.
        where: name of the data set or file, for messages.

    Raises:
        UserError: a split is missing or empty, images differ in shape, a label lies outside the classes, a
            class has no training image, or counts differ from those of `entry`.
    """
    for needed in _needed(entry):
        if needed not in data.splits:
            remedy = "training and test images are both needed"
            if needed == "test" and entry.source.loose:
                remedy += (
                    "; give some images the split 'test', or, for cross-validation, declare one pool of images by counts "
                    f"without a test split: counts: {_counts_text(entry.classes, data)}"
                )
            raise UserError(f"{where}: has no split '{needed}'; {remedy}")
    expected = data.splits["train"].images.shape[1:]
    for name, split in data.splits.items():
        _check_split(entry, split, expected, f"{where}: split '{name}'")
    for label, count in enumerate(images_per_class(data.splits["train"].labels, len(entry.classes))):
        if count == 0:
            raise UserError(f"{where}: split 'train' has no image of class '{entry.classes[label]}'")
    if entry.counts is not None and entry.source.has_official_splits:
        try:
            _check_counts(entry.classes, entry.counts, data, where)
        except UserError as error:
            if not entry.source.loose:
                raise
            own = _counts_text(entry.classes, data)
            raise UserError(
                f"{error}; where these are the right images, set counts of the data set to {own}"
            ) from error
    if entry.images is not None and entry.source.has_official_splits:
        _check_images(entry.images, data, where)
    if entry.per_class is not None:
        labels = np.concatenate([split.labels for split in data.splits.values()])
        check_per_class(entry.classes, entry.per_class, labels, f"{where}: the data set")


def check_per_class(classes: list[str], promised: list[int], labels: Labels, where: str) -> None:
    """Check that there are as many images of each class as promised.

    Raises:
        UserError: there are not; names the first class.
    """
    for name, found, count in zip(classes, images_per_class(labels, len(classes)), promised, strict=True):
        if found != count:
            raise UserError(f"{where} has {found} images of class '{name}', but counts of the data set says {count}")


def _needed(entry: DatasetEntry) -> tuple[SplitName, ...]:
    """Return the splits without which nothing can be trained and measured; a pool of images has no test split."""
    pooled = entry.counts is not None and "test" not in entry.counts
    return ("train",) if pooled else ("train", "test")


def _check_split(entry: DatasetEntry, split: Split, expected: tuple[int, ...], where: str) -> None:
    images, labels = split.images, split.labels
    if images.dtype != np.uint8 or images.ndim != 4:
        raise UserError(f"{where} holds {images.dtype} images of shape {images.shape}, not uint8 (N, H, W, C)")
    if len(images) == 0:
        raise UserError(f"{where} is empty")
    if images.shape[1:] != expected or 0 in expected:
        raise UserError(f"{where} has images of shape {images.shape[1:]}, but split 'train' has {expected}")
    if labels.shape != (len(images),) or labels.dtype != np.int64:
        raise UserError(f"{where} has {len(images)} images, but {labels.dtype} labels of shape {labels.shape}")
    if split.groups is not None and len(split.groups) != len(images):
        raise UserError(f"{where} has {len(images)} images, but {len(split.groups)} patients")
    outside = np.flatnonzero((labels < 0) | (labels >= len(entry.classes)))
    if len(outside):
        raise UserError(
            f"{where}, image {outside[0]}: label {labels[outside[0]]} is outside the "
            f"{len(entry.classes)} classes (0 to {len(entry.classes) - 1})"
        )


def _counts_text(classes: list[str], data: SourceData) -> str:
    """Return the images per class of every split as a configuration writes them."""
    splits = {name: images_per_class(data.splits[name].labels, len(classes)) for name in SPLITS if name in data.splits}
    return "{" + ", ".join(f"{name}: {counts}" for name, counts in splits.items()) + "}"


def _check_counts(classes: list[str], counts: Mapping[SplitName, list[int]], data: SourceData, where: str) -> None:
    for name in SPLITS:
        if (name in counts) != (name in data.splits):
            has, lacks = ("counts", "the data") if name in counts else ("the data", "counts")
            raise UserError(f"{where}: split '{name}' is in {has} of the data set, but not in {lacks}")
        if name not in counts:
            continue
        check_per_class(classes, counts[name], data.splits[name].labels, f"{where}: split '{name}'")


def _check_images(images: Mapping[SplitName, int], data: SourceData, where: str) -> None:
    for name in SPLITS:
        found, promised = len(data.splits[name].labels) if name in data.splits else 0, images.get(name, 0)
        if found != promised:
            raise UserError(f"{where}: split '{name}' has {found} images, but images of the data set says {promised}")
