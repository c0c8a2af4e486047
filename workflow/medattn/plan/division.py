"""Whether a protocol can divide the images of a data set. Planning asks this: no numerical library."""

from collections.abc import Sequence

from medattn.config.models.dataset import DatasetEntry
from medattn.config.models.protocol import (
    AnyProtocol,
    BestValidationEpoch,
    CrossValidatedEpochs,
    CrossValidation,
    FixedEpoch,
)
from medattn.config.sources.sources import Isic2018Source, SplitName

Counts = dict[SplitName, list[int]]


def split_skip_reason(protocol: AnyProtocol, tuned: bool, entry: DatasetEntry) -> str | None:
    """Say why a protocol can't divide the images of a data set into its folds, or None if it can.

    What depends on patients, or on counts that nobody states, is left to the training.

    Args:
        protocol: how runs become a measurement.
        tuned: whether the arm has a grid, which some protocols search on images that they hold out.
        entry: the data set, as it is taken.
    """
    if entry.counts is None or isinstance(entry.source, Isic2018Source):  # the source's options draw the latter's
        return None
    key, folds, splits = _division(protocol, tuned, entry.counts)
    pooled = [entry.counts[name] for name in splits if name in entry.counts]
    for name, *counts in zip(entry.classes, *pooled, strict=True):
        if 0 < (count := sum(counts)) < folds:
            return f"protocol.{key}: class '{name}' has {count} images, too few for {folds} folds"
    return None


def _division(protocol: AnyProtocol, tuned: bool, counts: Counts) -> tuple[str, int, Sequence[SplitName]]:
    """Return the key that asks for folds, how many, and the splits that are divided; no folds where none are made."""
    if isinstance(protocol, CrossValidation):
        return "folds", protocol.folds, protocol.splits
    if isinstance(protocol, CrossValidatedEpochs):
        return "folds", protocol.folds, protocol.training_splits
    assert isinstance(protocol, BestValidationEpoch | FixedEpoch)
    official = isinstance(protocol, BestValidationEpoch) and "val" in counts and "val" not in protocol.training_splits
    held_out = not official and (tuned or isinstance(protocol, BestValidationEpoch))
    return "validation_fraction", round(1 / protocol.validation_fraction) if held_out else 0, protocol.training_splits
