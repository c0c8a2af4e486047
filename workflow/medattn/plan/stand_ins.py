"""Stand-ins: phantoms in the place of images that are not at hand, so that everything else can run and be seen to run.

A stand-in has the size, channels, classes, splits and counts of the data set that it stands for (or less of them, where
the selection says so), and patients where its reader tells patients. It is a data set with an identity of its own, and
every number, table, figure and record made from it says so.
"""

import math
from collections.abc import Mapping
from pathlib import Path

from medattn.config.models.dataset import DatasetEntry, SplitName
from medattn.config.models.selection import LEAST_IMAGES
from medattn.config.resolved import Configuration
from medattn.config.sources.sources import Isic2018Source, PhantomSource
from medattn.errors import UserError
from medattn.plan.availability import missing_reason
from medattn.plan.model import Plan
from medattn.seeding import derive_seed

IMAGES_PER_PATIENT = 2
SMALLEST_SIZE = 12
_OTHER = 0.4
"""Validation and test images that a class keeps at least, for each training image that it keeps at least."""
_SHARES: Mapping[SplitName, float] = {"train": 0.8, "val": 0.1, "test": 0.1}
"""Splits of a stand-in for which only the counts of all images together are known."""


def taken_entries(configuration: Configuration) -> dict[str, DatasetEntry]:
    """Return the entries of all data sets as they are taken now: stand-ins where they are asked for.

    Raises:
        UserError: a stand-in is asked for by name, and nobody says how many images it would have.
    """
    selection = configuration.selection
    data = Path(selection.data)
    entries = dict(configuration.datasets)
    for name, entry in configuration.datasets.items():
        asked = entry.stand_in
        if asked is None:
            asked = selection.stand_ins and missing_reason(name, entry, data) is not None
        if asked:
            made = _made(name, configuration)
            if made is None and entry.stand_in:
                raise UserError(
                    f"datasets.{name}.stand_in: no stand-in can be made, because none of counts, images and per_class "
                    "of the data set says how many images it has"
                )
            entries[name] = made or entry
    return entries


def planned_entries(plan: Plan, configuration: Configuration) -> dict[str, DatasetEntry]:
    """Return the entries of all data sets as a frozen plan takes them, whatever has come to hand since."""
    stood_in = {cell.dataset for cell in plan.cells.values() if cell.stand_in}
    entries = dict(configuration.datasets)
    entries.update({name: made for name in stood_in if (made := _made(name, configuration)) is not None})
    return entries


def stand_in_for(
    name: str, entry: DatasetEntry, size: int | None, fraction: float | None, least: int = LEAST_IMAGES
) -> DatasetEntry | None:
    """Return the entry of a data set's stand-in, or None where nobody knows how many images it would have.

    Args:
        name: name of the data set.
        entry: its entry.
        size: largest height and width in pixels; None: those of the data set.
        fraction: share of the images; None: all.
        least: training images that a class keeps all the same; folds need a few of each.
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
    source = PhantomSource(
        kind="phantom",
        size=max(SMALLEST_SIZE, min(side, size or side)),
        channels=channels,
        counts=smaller,
        images_per_patient=IMAGES_PER_PATIENT if entry.source.has_patients else 0,
        seed=derive_seed(0, f"stand-in/{name}"),
    )
    changes = {"source": source, "counts": smaller, "images": None, "per_class": None, "path": None, "stand_in": True}
    return entry.model_copy(update=changes)


def _made(name: str, configuration: Configuration) -> DatasetEntry | None:
    selection = configuration.selection
    size, fraction, least = selection.stand_in_size, selection.stand_in_fraction, selection.stand_in_least
    return stand_in_for(name, configuration.datasets[name], size, fraction, least)


def _known_counts(entry: DatasetEntry) -> dict[SplitName, list[int]] | None:
    """Return images per class and split; where only sums are known, they are spread over the classes or splits."""
    if entry.counts is not None:
        return _drawn(entry.source, entry.counts) if isinstance(entry.source, Isic2018Source) else dict(entry.counts)
    if entry.per_class is not None:
        return {split: [round(share * count) for count in entry.per_class] for split, share in _SHARES.items()}
    if entry.images is not None:
        classes = len(entry.classes)
        return {
            split: [count // classes + (label < count % classes) for label in range(classes)]
            for split, count in entry.images.items()
        }
    return None


def _drawn(source: Isic2018Source, counts: Mapping[SplitName, list[int]]) -> dict[SplitName, list[int]]:
    """Return the counts of the challenge's parts as the source's options split them."""
    split = dict(counts)
    if source.split != "official":
        shares: dict[SplitName, float] = {"val": source.val_fraction}
        if source.split == "random":
            shares["test"] = source.test_fraction
        drawn = {name: [round(share * count) for count in counts["train"]] for name, share in shares.items()}
        rest = [count - sum(part) for count, *part in zip(counts["train"], *drawn.values(), strict=True)]
        split = {"train": rest, "val": drawn["val"], "test": drawn.get("test", list(counts["val"]))}
    if source.whole_batches:  # nobody says of which class those are that are left out: they go from the largest
        left_out, largest = sum(split["test"]) % source.whole_batches, max(split["test"])
        split["test"] = [n - left_out * (i == split["test"].index(largest)) for i, n in enumerate(split["test"])]
    return split


def _fewer(count: int, fraction: float | None, least: int) -> int:
    return count if fraction is None else max(min(count, least), math.ceil(fraction * count))
