"""Interface of a protocol, and the interfaces through which a protocol sees images and finished runs.

A stage of the workflow asks a protocol and passes what the protocol needs, so a protocol imports no stage and no
numerical library: images are opaque values of a type `P`, which only the caller can read.
"""

from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeAlias, TypeVar

from pydantic import Field

from medattn.closed_model import MAX_SEED, Closed
from medattn.protocols.reading import Reading
from medattn.sources.base import SplitName

Stage = Literal["tune", "train"]
Ties = Literal["earliest", "latest"]
MetricValue: TypeAlias = Fraction | float
P = TypeVar("P")


@dataclass(frozen=True)
class RunRequest:
    """A run that a protocol asks for.

    Attributes:
        stage: `tune`, evaluated on validation images, or `train`, measured on test images.
        seed: seed of all random streams.
        fold: fold left out of training, counted from 0; None without folds.
        point: number of the grid point; None in `train`, where the choice of `tune` applies.
    """

    stage: Stage
    seed: int
    fold: int | None = None
    point: int | None = None


@dataclass(frozen=True)
class Division(Generic[P]):
    """The images of a run.

    Attributes:
        training: images that are trained on.
        evaluated: images that the scores of the run belong to.
        evaluated_name: "test", or "validation" in the stage `tune`.
        validation: further images that are scored to choose the epoch; None in most protocols.
    """

    training: P
    evaluated: P
    evaluated_name: Literal["test", "validation"]
    validation: P | None = None


@dataclass(frozen=True)
class FoldsNeeded:
    """Folds that a protocol cuts from official splits.

    Attributes:
        key: key of the protocol that sets the number of folds.
        folds: number of folds.
        splits: official splits that are pooled before they are cut.
    """

    key: str
    folds: int
    splits: Sequence[SplitName]


class DivisibleImages(Protocol[P]):
    """The images of a data set, as a protocol divides them. Every draw uses the `split_seed` of the protocol."""

    @property
    def oversampled(self) -> bool:
        """Whether the recipe copies images of rare classes."""

    def has_split(self, name: SplitName) -> bool:
        """Return whether the data set has an official split."""

    def of_splits(self, names: Sequence[SplitName]) -> P:
        """Return the images of the named official splits, without the splits that the data set lacks."""

    def test(self) -> P:
        """Return the official test images.

        Raises:
            UserError: the data set has none.
        """

    def leave_out_fold(self, pool: P, folds: int, fold: int) -> tuple[P, P]:
        """Return the images of `pool` outside a fold, and those in it; patients stay whole."""

    def hold_out(self, pool: P, fraction: float, whole_patients: bool = True) -> tuple[P, P]:
        """Return the images of `pool` that stay, and the share that is held out as validation images."""

    def with_copies(self, pool: P, seed: int) -> P:
        """Return `pool` with the copies of rare classes that the recipe asks for."""


class EpochResults(Protocol):
    """Results of a finished run by epoch, read from its files on demand."""

    @property
    def epochs(self) -> int:
        """Number of epochs trained."""

    def on_validation(self, metric: str) -> Sequence[MetricValue]:
        """Return a metric on the validation images at each epoch; higher is better, -1 where it is undefined.

        Args:
            metric: a metric, or `loss` for the negative mean cross entropy, which is minus infinity where undefined.
        """

    def on_test(self) -> Sequence[Fraction]:
        """Return the accuracy on the test images at each epoch of a run of the stage `train`."""

    def chosen_epochs(self) -> Sequence[int]:
        """Return the epochs (from 1, best first) that the stage `tune` chose for a run of the stage `train`."""

    def first_chosen_epochs(self) -> Sequence[int] | None:
        """Return the epochs that the stage `tune` chose with its first seed; None if it chose another grid point."""

    def on_folds(self) -> Sequence[Sequence[Fraction]] | None:
        """Return the accuracy at each epoch on each fold of the stage `tune`, for the chosen grid point.

        Return None if a run of a fold is not available.
        """


class MeasurementProtocol(Closed):
    """Base of all protocols.

    A subclass with a literal `kind` in a module of this package is a protocol that papers can name; no other file
    changes. Its docstring is its section of the manual, and names the choices that the paper leaves open.
    """

    column_title: ClassVar[str] = "One run"
    """Title of the column of a table that shows the measurement of one seed."""
    split_keys: ClassVar[tuple[str, ...]] = ("split_seed",)
    """Keys that decide the images of a run of the stage `tune`; the other keys decide what is chosen from it."""
    chooses_epochs: ClassVar[bool] = False
    """Whether runs of the stage `tune` choose the measured epochs of a network."""
    tunes_each_fold: ClassVar[bool] = False
    """Whether each fold has its own choice; else the folds of the stage `tune` are averaged into one choice."""
    spares_test_split: ClassVar[bool] = True
    """Whether the official test images must neither train a network nor choose anything."""
    tests_epochs: ClassVar[bool] = False
    """Whether the paper's own test of accuracy compares the measured epochs of one run."""

    kind: str
    split_seed: int = Field(0, ge=0, le=MAX_SEED, description="seed of every drawn split, the same for all arms")
    tune: Literal["once", "each"] = Field(
        "once", description="search with the first seed for all seeds (`once`), or with each seed"
    )

    @property
    def run_chooses_epoch(self) -> bool:
        """Whether the results of the run itself choose the measured epochs, possibly before the last one."""
        return False

    @property
    def needed_epochs(self) -> int:
        """Smallest number of epochs that a recipe must train."""
        return 1

    @property
    def validation_metric(self) -> str:
        """Metric on the validation images that chooses grid points and epochs."""
        return "accuracy"

    @property
    def tested_folds(self) -> int | None:
        """Number of folds that are each tested once (replicates of the corrected test); None without such folds."""
        return None

    def leak(self, copied: bool) -> str:
        """Say how test images influence a choice or training; empty where they do not.

        Args:
            copied: whether the recipe copies images of rare classes.
        """
        return ""

    @abstractmethod
    def __str__(self) -> str:
        """Say in a clause how a cell is measured."""

    @abstractmethod
    def runs(self, tuning_seeds: Sequence[int], seeds: Sequence[int], points: int) -> Iterator[RunRequest]:
        """Yield the runs of a cell: those of the stage `tune`, then those of the stage `train`.

        Args:
            tuning_seeds: seeds of the stage `tune`; none where nothing is chosen.
            seeds: seeds of the stage `train`.
            points: number of grid points.
        """

    @abstractmethod
    def split(self, images: DivisibleImages[P], stage: Stage, fold: int | None) -> Division[P]:
        """Return the images of a run, without the copies that the recipe adds to the training images afterwards.

        Raises:
            UserError: the data set can't be divided this way.
        """

    def folds_needed(self, tuned: bool, splits: Collection[SplitName]) -> FoldsNeeded | None:
        """Return the folds that the training images must fill; None where no image is drawn.

        Args:
            tuned: whether the arm has a grid.
            splits: official splits of the data set.
        """
        return None

    def skip_reason(self, tuned: bool, classes: Sequence[str], counts: Mapping[SplitName, Sequence[int]]) -> str | None:
        """Say why a data set can't be divided into the folds of the protocol; None if it can.

        Args:
            tuned: whether the arm has a grid.
            classes: class names.
            counts: images per class of each official split.
        """
        needed = self.folds_needed(tuned, counts)
        if needed is None:
            return None
        pooled = [counts[name] for name in needed.splits if name in counts]
        for name, *images in zip(classes, *pooled, strict=True):
            if 0 < (count := sum(images)) < needed.folds:
                has = f"{count} image{'' if count == 1 else 's'}"
                return f"protocol.{needed.key}: class '{name}' has {has}, too few for {needed.folds} folds"
        return None

    @abstractmethod
    def choose(self, runs: Sequence[EpochResults]) -> tuple[tuple[int, ...], MetricValue]:
        """Return the best epochs (from 1, best first) of a grid point, and its validation metric there.

        Args:
            runs: the finished runs of the grid point: one, or one a fold where folds are averaged.
        """

    @abstractmethod
    def epochs_to_measure(self, run: EpochResults) -> tuple[int, ...]:
        """Return the epochs (from 1, ascending) at which a finished run of the stage `train` is measured."""

    def readings(self) -> tuple[Reading, ...]:
        """Return the readings under which a finished run can be measured: the configured one, then the others."""
        return (Reading({"protocol.kind": self.kind}, str(self)),)

    def epochs_by_reading(self, run: EpochResults) -> dict[str, tuple[int, ...]]:
        """Return the epochs (from 1, ascending) whose values are averaged under each of the `readings`, by its name.

        A reading that needs results which the run does not have has no epochs.
        """
        return {self.readings()[0].name: self.epochs_to_measure(run)}

    def model_epoch(self, run: EpochResults) -> int:
        """Return the one epoch whose scores represent the run where images are compared."""
        return self.epochs_to_measure(run)[0]

    def tuning_facts(self) -> dict[str, Any]:
        """Return the keys that belong to the identity of a run of the stage `tune`."""
        return {"kind": self.kind, **self.model_dump(mode="json", include=set(self.split_keys))}


def last_epoch(runs: Sequence[EpochResults]) -> tuple[tuple[int, ...], MetricValue]:
    """Return the last epoch of the one run, and its accuracy on the validation images."""
    (run,) = runs
    values = run.on_validation("accuracy")
    return (len(values),), values[-1]


def best_epoch_on_test(run: EpochResults) -> int:
    """Return the earliest epoch of highest accuracy on the test images, which leaks."""
    accuracies = [float(accuracy) for accuracy in run.on_test()]  # compared faster than fractions
    return accuracies.index(max(accuracies)) + 1


def refuse_repeated(names: Sequence[str], key: str) -> None:
    """Refuse a key that names a split twice.

    Raises:
        ValueError: names the key.
    """
    if len(set(names)) < len(names):
        raise ValueError(f"{key} names a split twice")


VALIDATION_SHARE = (
    "share of the training images that is held out as validation images, stratified by class; where patients are "
    "known, whole patients, 1/n of them for the nearest whole n"
)
