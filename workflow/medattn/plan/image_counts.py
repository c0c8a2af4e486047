"""Numbers of images of a run, as its protocol divides the data set: no image is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from medattn.plan.model import Cell, Run
from medattn.sources.base import SplitName


@dataclass(frozen=True)
class RunImages:
    """Numbers of images of a run; folds are counted as equal shares, so they need not be whole.

    Attributes:
        training: images that are trained on.
        scored: images that are scored after each epoch: the evaluated ones and further validation images.
    """

    training: float
    scored: float


class _Counts:
    """Numbers of images of each split; implements `DivisibleImages`."""

    def __init__(self, splits: Mapping[str, int], oversampled: bool) -> None:
        self._splits, self._oversampled = splits, oversampled

    @property
    def oversampled(self) -> bool:
        return self._oversampled

    def has_split(self, name: SplitName) -> bool:
        return name in self._splits

    def of_splits(self, names: Sequence[SplitName]) -> float:
        return float(sum(self._splits.get(name, 0) for name in names))

    def test(self) -> float:
        return float(self._splits.get("test", 0))

    def leave_out_fold(self, pool: float, folds: int, fold: int) -> tuple[float, float]:
        return pool * (1 - 1 / folds), pool / folds

    def hold_out(self, pool: float, fraction: float, whole_patients: bool = True) -> tuple[float, float]:
        share = 1 / round(1 / fraction)
        return pool * (1 - share), pool * share

    def with_copies(self, pool: float, seed: int) -> float:
        return pool  # the share of rare classes is unknown


def images_of_run(run: Run, cell: Cell, splits: Mapping[str, int]) -> RunImages:
    """Return the numbers of images of a run, without oversampled ones.

    Args:
        run: the run.
        cell: its cell.
        splits: number of images of each split; all as `train` where the splits are unknown.
    """
    counts = _Counts(splits, cell.settings.recipe.oversampling is not None)
    division = cell.settings.protocol.split(counts, run.stage, run.fold)
    return RunImages(division.training, division.evaluated + (division.validation or 0.0))
