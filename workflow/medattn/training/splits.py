"""The images that a run trains on and is evaluated on: the protocol divides them, this module knows their positions.

An image is named by its position over all splits of the data set, in the order of the store. The positions of copies
of rare classes follow those of all images.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from medattn.config.models.recipe import Oversampling
from medattn.datasets.folds import assign_folds
from medattn.datasets.store import DataStore
from medattn.errors import UserError
from medattn.plan.model import Run
from medattn.protocols.base import MeasurementProtocol
from medattn.sources.base import SplitName
from medattn.training.oversampling import OversamplingDraw, draw_oversampling

Positions = NDArray[np.int64]


def _no_positions() -> Positions:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class SplitOfRun:
    """The images of a run.

    Attributes:
        training: positions of the images that are trained on.
        evaluated: positions of the images that the scores of the run belong to.
        evaluated_name: "test", or "validation" in the stage `tune`.
        validation: positions of further images that are scored to choose the epoch; none in most protocols.
        copies: how the copies of rare classes are made.
    """

    training: Positions
    evaluated: Positions
    evaluated_name: str
    validation: Positions = field(default_factory=_no_positions)
    copies: OversamplingDraw | None = None


def split_of_run(
    store: DataStore, run: Run, protocol: MeasurementProtocol, oversampling: Oversampling | None = None
) -> SplitOfRun:
    """Return the images of a run.

    Args:
        store: the prepared data set.
        run: the run.
        protocol: its protocol.
        oversampling: the copies of training images that its recipe asks for.

    Raises:
        UserError: the protocol can't divide the data set, or the data set lacks a class that is copied.
    """
    images = _ImagePositions(store, protocol.split_seed, oversampling)
    division = protocol.split(images, run.stage, run.fold)
    training = division.training
    if oversampling is not None and images.copies is None:
        training = images.with_copies(training, run.seed)
    validation = _no_positions() if division.validation is None else division.validation
    return SplitOfRun(training, division.evaluated, division.evaluated_name, validation, images.copies)


class _ImagePositions:
    """Positions, labels and patients of all images of a data set; implements `DivisibleImages`."""

    def __init__(self, store: DataStore, split_seed: int, oversampling: Oversampling | None) -> None:
        self.copies: OversamplingDraw | None = None
        self._classes, self._split_seed, self._oversampling = store.classes, split_seed, oversampling
        splits = store.splits
        self._labels = np.concatenate([split.labels for split in splits.values()])
        self._images = len(self._labels)
        lengths = [len(split.labels) for split in splits.values()]
        ends = np.cumsum(lengths)
        self._of = {name: np.arange(end - n, end) for name, n, end in zip(splits, lengths, ends, strict=True)}
        self._patients: list[str | None] = []
        for split in splits.values():
            self._patients += split.groups or [None] * len(split.labels)

    @property
    def oversampled(self) -> bool:
        return self._oversampling is not None

    def has_split(self, name: SplitName) -> bool:
        return name in self._of

    def of_splits(self, names: Sequence[SplitName]) -> Positions:
        return np.concatenate([self._of[name] for name in names if name in self._of])

    def test(self) -> Positions:
        if "test" not in self._of:
            raise UserError("protocol: the data set has no split 'test', which this kind of protocol needs")
        return self._of["test"]

    def leave_out_fold(self, pool: Positions, folds: int, fold: int) -> tuple[Positions, Positions]:
        assigned = self._assign(pool, folds, "protocol.folds")
        return pool[assigned != fold], pool[assigned == fold]

    def hold_out(self, pool: Positions, fraction: float, whole_patients: bool = True) -> tuple[Positions, Positions]:
        assigned = self._assign(pool, round(1 / fraction), "protocol.validation_fraction", whole_patients)
        return pool[assigned != 0], pool[assigned == 0]

    def with_copies(self, pool: Positions, seed: int) -> Positions:
        assert self._oversampling is not None
        self.copies = draw_oversampling(self._labels, pool, self._oversampling, self._classes, seed)
        first, count = self._images, len(self.copies.sources)
        self._labels = np.concatenate([self._labels, self._labels[self.copies.sources]])
        self._patients += [f"copy {number}" for number in range(count)]
        return np.concatenate([pool, first + np.arange(count)])

    def _assign(self, pool: Positions, folds: int, key: str, whole_patients: bool = True) -> NDArray[np.int64]:
        patients = self._patients_of(pool) if whole_patients else None
        return assign_folds(self._labels[pool], patients, folds, self._split_seed, self._classes, key)

    def _patients_of(self, pool: Positions) -> list[str] | None:
        """Return the patient of each image; None where one is unknown."""
        patients = [self._patients[position] for position in pool.tolist()]
        known = [patient for patient in patients if patient is not None]
        return known if len(known) == len(patients) else None
