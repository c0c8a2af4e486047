"""Stand-ins: phantoms in place of unavailable images, to run and test everything else.

A stand-in has the size, channels, classes, splits and counts of the data set that it replaces (or smaller ones, where
the selection says so), and patients where the reader of the data set knows them. It is a data set with another
identity, and every value, table, figure and record made from it is marked.
"""

import math
from collections.abc import Mapping
from pathlib import Path

from medattn.config.models.dataset import DatasetEntry
from medattn.config.models.selection import LEAST_IMAGES
from medattn.config.resolved import Configuration
from medattn.errors import UserError
from medattn.plan.availability import missing_reason
from medattn.plan.model import Plan
from medattn.seeding import derive_seed
from medattn.sources.base import SplitName
from medattn.sources.phantom import PhantomSource

IMAGES_PER_PATIENT = 2
SMALLEST_SIZE = 12
_OTHER = 0.4
"""Smallest number of validation or test images of a class, per training image of the smallest number of those."""
_SHARES: Mapping[SplitName, float] = {"train": 0.8, "val": 0.1, "test": 0.1}
"""Shares of the splits of a stand-in, where only the counts of all images together are known."""


def taken_entries(configuration: Configuration) -> dict[str, DatasetEntry]:
    """Return the entries of all data sets, with stand-ins where the configuration asks for them.

    Raises:
        UserError: an entry asks for a stand-in, and its number of images is unknown.
    """
    selection = configuration.selection
    data = Path(selection.data)
    entries = dict(configuration.datasets)
    for name, entry in configuration.datasets.items():
        wanted = entry.stand_in
        if wanted is None:
            wanted = selection.stand_ins and missing_reason(name, entry, data) is not None
        if wanted:
            made = _stand_in(name, configuration)
            if made is None and entry.stand_in:
                raise UserError(
                    f"datasets.{name}.stand_in: no stand-in can be made, because none of counts, images and per_class "
                    "of the data set says how many images it has"
                )
            entries[name] = made or entry
    return entries


def planned_entries(plan: Plan, configuration: Configuration) -> dict[str, DatasetEntry]:
    """Return the entries of all data sets as a frozen plan uses them, even if images became available since."""
    replaced = {cell.dataset for cell in plan.cells.values() if cell.stand_in}
    entries = dict(configuration.datasets)
    entries.update({name: made for name in replaced if (made := _stand_in(name, configuration)) is not None})
    return entries


def stand_in_for(
    name: str, entry: DatasetEntry, size: int | None, fraction: float | None, least: int = LEAST_IMAGES
) -> DatasetEntry | None:
    """Return the entry of the stand-in of a data set; None if its number of images is unknown.

    Args:
        name: name of the data set.
        entry: its entry.
        size: largest height and width in pixels; None: those of the data set.
        fraction: share of the images; None: all.
        least: smallest number of training images of a class; folds need a few of each class.

    Raises:
        UserError: the stand-in would be too large.
    """
    counts = _known_counts(entry)
    if counts is None:
        return None
    other = max(1, round(_OTHER * least))
    kept: Mapping[SplitName, int] = {"train": least, "val": other, "test": other}
    smaller = {
        split: [_fewer(count, fraction, kept[split]) for count in per_class] for split, per_class in counts.items()
    }
    side, channels = entry.source.shape
    try:
        source = PhantomSource(
            kind="phantom",
            size=max(SMALLEST_SIZE, min(side, size or side)),
            channels=channels,
            counts=smaller,
            images_per_patient=IMAGES_PER_PATIENT if entry.source.has_patients else 0,
            seed=derive_seed(0, f"stand-in/{name}"),
        )
    except ValueError as error:
        raise UserError(
            f"datasets.{name}: its stand-in is too large; set stand_in_size or stand_in_fraction"
        ) from error
    changes = {"source": source, "counts": smaller, "images": None, "per_class": None, "path": None, "stand_in": True}
    return entry.model_copy(update=changes)


def _stand_in(name: str, configuration: Configuration) -> DatasetEntry | None:
    selection = configuration.selection
    size, fraction, least = selection.stand_in_size, selection.stand_in_fraction, selection.stand_in_least
    return stand_in_for(name, configuration.datasets[name], size, fraction, least)


def _known_counts(entry: DatasetEntry) -> dict[SplitName, list[int]] | None:
    """Return images per class and split; where only sums are known, they are distributed over classes or splits."""
    if entry.counts is not None:
        return entry.source.split_counts(entry.counts)
    if entry.per_class is not None:
        return {split: [round(share * count) for count in entry.per_class] for split, share in _SHARES.items()}
    if entry.images is not None:
        classes = len(entry.classes)
        return {
            split: [count // classes + (label < count % classes) for label in range(classes)]
            for split, count in entry.images.items()
        }
    return None


def _fewer(count: int, fraction: float | None, least: int) -> int:
    return count if fraction is None else max(min(count, least), math.ceil(fraction * count))
