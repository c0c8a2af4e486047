"""Check of the images that a source read against the facts in the registry."""

from collections.abc import Mapping

import numpy as np

from medattn.config.models.dataset import DatasetEntry
from medattn.errors import UserError
from medattn.sources.base import SPLITS, SplitName
from medattn.sources.pixels.source_data import Labels, SourceData, Split, images_per_class


def check_source(entry: DatasetEntry, data: SourceData, where: str) -> None:
    """Check that a network can be trained on the images, and that they are what `entry` promises.

    Args:
        entry: the registry's entry of the data set.
        data: the images that its source read.
        where: name of the data set or file, for messages.

    Raises:
        UserError: a split is missing or empty, images differ in shape, a label is outside the classes, a class has no
            training image, or counts differ from those of `entry`.
    """
    for needed in _needed(entry):
        if needed not in data.splits:
            remedy = "training and test images are both needed"
            if needed == "test" and entry.source.is_users_own:
                remedy += (
                    "; give some images the split 'test', or, for cross-validation, declare one pool of images by "
                    f"counts without a test split: counts: {_counts_text(entry.classes, data)}"
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
            if not entry.source.is_users_own:
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
    """Check the number of images of each class.

    Raises:
        UserError: a class has more or fewer images than promised; names the first such class.
    """
    for name, found, count in zip(classes, images_per_class(labels, len(classes)), promised, strict=True):
        if found != count:
            raise UserError(f"{where} has {found} images of class '{name}', but `counts` of the data set says {count}")


def _needed(entry: DatasetEntry) -> tuple[SplitName, ...]:
    """Return the splits that must exist: training and test images; a pool of images needs no test split."""
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
            raise UserError(f"{where}: split '{name}' has {found} images, but `images` of the data set says {promised}")
