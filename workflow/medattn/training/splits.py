"""Which images a run trains on and is evaluated on, one function for each kind of protocol.

Images are named by their position over all splits of the data set, one behind the other in the store's order; copies
of rare classes stand behind them all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medattn.config.models.protocol import (
    AnyProtocol,
    BestValidationEpoch,
    CrossValidatedEpochs,
    CrossValidation,
    FixedEpoch,
)
from medattn.config.models.recipe import Oversampling
from medattn.datasets.folds import assign_folds
from medattn.datasets.store import DataStore
from medattn.errors import UserError
from medattn.plan.model import Run
from medattn.training.oversampling import OversamplingDraw, draw_oversampling

Positions = NDArray[np.int64]
_FRACTION = "protocol.validation_fraction"


def _none() -> Positions:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class SplitOfRun:
    """The images of a run.

    Attributes:
        training: positions of the images that are trained on.
        evaluated: positions of the images behind the run's scores.
        evaluated_name: "test", or "validation" in the stage `tune`.
        validation: positions of further images that are scored to choose the epoch; none in most protocols.
        copies: how the copies of rare classes are made.
    """

    training: Positions
    evaluated: Positions
    evaluated_name: str
    validation: Positions = field(default_factory=_none)
    copies: OversamplingDraw | None = None


def split_of_run(
    store: DataStore, run: Run, protocol: AnyProtocol, oversampling: Oversampling | None = None
) -> SplitOfRun:
    """Return the images of a run.

    Args:
        store: the prepared data set.
        run: the run.
        protocol: its protocol.
        oversampling: the further training images that its recipe asks for.

    Raises:
        UserError: the data set can't be divided so, or lacks a class that is copied.
    """
    return _SPLITS[type(protocol)](_Images(store, protocol.split_seed), run, protocol, oversampling)


class _Images:
    """Labels and patients of all images of a data set, and where its splits stand."""

    def __init__(self, store: DataStore, split_seed: int) -> None:
        splits = store.splits
        self.classes = store.classes
        self.split_seed = split_seed
        self.labels = np.concatenate([split.labels for split in splits.values()])
        ends = np.cumsum([len(split.labels) for split in splits.values()])
        self.of = {name: np.arange(end - len(splits[name].labels), end) for name, end in zip(splits, ends, strict=True)}
        self._groups = {name: split.groups for name, split in splits.items()}

    def test(self) -> Positions:
        """Return the positions of the test images."""
        if "test" not in self.of:
            raise UserError("protocol: the data set has no split 'test', which this kind of protocol needs")
        return self.of["test"]

    def pooled(self, names: Sequence[str]) -> Positions:
        """Return the positions of the named splits, of those that the data set has."""
        return np.concatenate([self.of[name] for name in names if name in self.of])

    def groups(self, names: Sequence[str]) -> list[str] | None:
        """Return the patients of the pooled splits; None where they are not known for all."""
        wanted = [self._groups[name] for name in names if name in self.of]
        if any(groups is None for groups in wanted):
            return None
        return [group for groups in wanted for group in groups or []]

    def folds(self, names: Sequence[str], count: int) -> NDArray[np.int64]:
        """Return the fold of each image of the pooled splits."""
        labels = self.labels[self.pooled(names)]
        return assign_folds(labels, self.groups(names), count, self.split_seed, self.classes)

    def held_out(self, pool: Positions, groups: Sequence[str] | None, fraction: float) -> NDArray[np.bool_]:
        """Return which images of `pool` become validation images: the first of 1 / fraction folds."""
        folds = assign_folds(self.labels[pool], groups, round(1 / fraction), self.split_seed, self.classes, _FRACTION)
        first: NDArray[np.bool_] = folds == 0
        return first

    def with_copies(self, split: SplitOfRun, wanted: Oversampling | None, seed: int) -> SplitOfRun:
        """Return `split` with copies of its training images of rare classes."""
        if wanted is None:
            return split
        copies = draw_oversampling(self.labels, split.training, wanted, self.classes, seed)
        training = np.concatenate([split.training, len(self.labels) + np.arange(len(copies.sources))])
        return SplitOfRun(training, split.evaluated, split.evaluated_name, split.validation, copies)


def _cross_validated_epochs(
    images: _Images, run: Run, protocol: CrossValidatedEpochs, copies: Oversampling | None
) -> SplitOfRun:
    """`tune`: all folds of the training images but one, and that one. `train`: training and test images."""
    pool = images.pooled(protocol.training_splits)
    if run.fold is None:
        split = SplitOfRun(pool, images.test(), "test")
    else:
        folds = images.folds(protocol.training_splits, protocol.folds)
        split = SplitOfRun(pool[folds != run.fold], pool[folds == run.fold], "validation")
    return images.with_copies(split, copies, run.seed)


def _best_validation_epoch(
    images: _Images, run: Run, protocol: BestValidationEpoch, copies: Oversampling | None
) -> SplitOfRun:
    """`tune`: training and validation images. `train`: these, and the test images are scored beside them."""
    training = images.pooled(protocol.training_splits)
    if "val" in images.of and "val" not in protocol.training_splits:
        validation = images.of["val"]
    else:
        groups = images.groups(protocol.training_splits)
        held_out = images.held_out(training, groups, protocol.validation_fraction)
        training, validation = training[~held_out], training[held_out]
    if run.stage == "tune":
        split = SplitOfRun(training, validation, "validation")
    else:
        split = SplitOfRun(training, images.test(), "test", validation)
    return images.with_copies(split, copies, run.seed)


def _fixed_epoch(images: _Images, run: Run, protocol: FixedEpoch, copies: Oversampling | None) -> SplitOfRun:
    """`tune`: training images and a share that is held out. `train`: training and test images."""
    training = images.pooled(protocol.training_splits)
    if run.stage == "train":
        split = SplitOfRun(training, images.test(), "test")
    else:
        held_out = images.held_out(training, images.groups(protocol.training_splits), protocol.validation_fraction)
        split = SplitOfRun(training[~held_out], training[held_out], "validation")
    return images.with_copies(split, copies, run.seed)


def _cross_validation(images: _Images, run: Run, protocol: CrossValidation, copies: Oversampling | None) -> SplitOfRun:
    """`train`: all folds but one, and that one. `tune`: of the former, a share that is held out."""
    if copies is not None and protocol.oversampling == "before_split":
        return _copied_before_split(images, run, protocol, copies)
    pool, groups = images.pooled(protocol.splits), images.groups(protocol.splits)
    inside = images.folds(protocol.splits, protocol.folds) != run.fold
    if run.stage == "train":
        split = SplitOfRun(pool[inside], pool[~inside], "test")
    else:
        patients = None if groups is None else [group for group, taken in zip(groups, inside, strict=True) if taken]
        held_out = images.held_out(pool[inside], patients, protocol.validation_fraction)
        split = SplitOfRun(pool[inside][~held_out], pool[inside][held_out], "validation")
    return images.with_copies(split, copies, run.seed)


def _copied_before_split(images: _Images, run: Run, protocol: CrossValidation, wanted: Oversampling) -> SplitOfRun:
    """Copies are drawn once for all folds and seeds, then divided like images of their own: the leak as asked for."""
    pool = images.pooled(protocol.splits)
    copies = draw_oversampling(images.labels, pool, wanted, images.classes, protocol.split_seed)
    everything = np.concatenate([pool, len(images.labels) + np.arange(len(copies.sources))])
    labels = np.concatenate([images.labels[pool], images.labels[copies.sources]])
    groups = images.groups(protocol.splits)
    if groups is not None:
        groups += [f"copy {number}" for number in range(len(copies.sources))]
    inside = assign_folds(labels, groups, protocol.folds, protocol.split_seed, images.classes) != run.fold
    if run.stage == "train":
        return SplitOfRun(everything[inside], everything[~inside], "test", copies=copies)
    count = round(1 / protocol.validation_fraction)
    held_out = assign_folds(labels[inside], None, count, protocol.split_seed, images.classes, _FRACTION) == 0
    training = everything[inside]
    return SplitOfRun(training[~held_out], training[held_out], "validation", copies=copies)


_SPLITS: dict[type[AnyProtocol], Callable[[_Images, Run, Any, Oversampling | None], SplitOfRun]] = {
    CrossValidatedEpochs: _cross_validated_epochs,
    BestValidationEpoch: _best_validation_epoch,
    FixedEpoch: _fixed_epoch,
    CrossValidation: _cross_validation,
}
