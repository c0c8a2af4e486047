"""The effect of an arm on one data set: differences paired by seed, averaged over papers and backbones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from numpy.typing import NDArray

from medattn.answer.contrasts import Contrast
from medattn.compare.replicates import DIGITS
from medattn.compare.skewness import interval_of_mean, p_of_t, sample_skewness
from medattn.measure.measured_cells import MeasuredCells, MeasuredMetric, MetricKey

Floats = NDArray[np.float64]
CellPair = tuple[MeasuredMetric, MeasuredMetric]


@dataclass(frozen=True)
class DatasetEffect:
    """Differences between two arms on a data set, a value for each seed.

    Attributes:
        dataset: the data set.
        seeds: the seeds that every pair of cells has.
        differences: (seeds,) arm minus other arm, averaged over the pairs of cells.
        least_variance: variance of one difference that the rounding to whole test images causes.
        pairs: number of pairs of cells.
        runs: ids of the runs.
        stand_in: whether the images are stand-ins.
        leak: which test images influenced a choice or training; empty if none did.
    """

    dataset: str
    seeds: tuple[int, ...]
    differences: Floats
    least_variance: float
    pairs: int
    runs: tuple[str, ...] = ()
    stand_in: bool = False
    leak: str = ""

    @property
    def n(self) -> int:
        """Number of seeds."""
        return len(self.seeds)

    @property
    def mean(self) -> float:
        """Mean difference over seeds."""
        return float(self.differences.mean())

    @property
    def variance(self) -> float:
        """Variance of one difference, at least that of rounding; NaN for a single seed.

        Few test images give few different values. Runs that happen to agree then have no spread, although their
        accuracy is known to one image only.
        """
        return nan if self.n < 2 else max(float(self.differences.var(ddof=1)), self.least_variance)

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return the interval of the mean difference, as the primary test has it; NaN for a single seed."""
        return interval_of_mean(self.differences, confidence, sqrt(self.least_variance))

    @property
    def p(self) -> float:
        """Two-sided p of the t-test, with the primary test's correction for skewness; NaN if there is no spread."""
        if self.n < 2 or self.variance == 0:
            return nan
        t = np.asarray(self.mean / sqrt(self.variance / self.n))
        return float(p_of_t(t, sample_skewness(self.differences), self.n))


def dataset_effects(contrast: Contrast, key: MetricKey, measured: MeasuredCells, unit: float) -> list[DatasetEffect]:
    """Return the effect on each data set on which both arms are measured.

    Args:
        contrast: the two arms with their cells.
        key: the metric.
        measured: the measured values.
        unit: value of a metric that all test images share, such as 100 for percent.
    """
    effects = (
        _effect(dataset, [(measured.of(first, key), measured.of(second, key)) for first, second in pairs], unit)
        for dataset in contrast.datasets
        if (pairs := contrast.on(dataset))
    )
    return [effect for effect in effects if effect is not None]


def _effect(dataset: str, pairs: Sequence[CellPair], unit: float) -> DatasetEffect | None:
    """Return the effect over the pairs that are measured; None if no seed has a value of all of them."""
    both = [(arm, other) for arm, other in _distinct(pairs) if arm.by_seed and other.by_seed]
    if not both:
        return None
    common = set.intersection(*({*arm.by_seed} & {*other.by_seed} for arm, other in both))
    if not common:
        return None
    seeds = tuple(sorted(common))
    values = [[arm.by_seed[seed] - other.by_seed[seed] for seed in seeds] for arm, other in both]
    members = [metric for pair in both for metric in pair]
    return DatasetEffect(
        dataset=dataset,
        seeds=seeds,
        differences=np.round(np.array(values, dtype=np.float64).mean(axis=0), DIGITS),
        least_variance=_rounding_variance([arm.n_test for arm, _ in both], unit),
        pairs=len(both),
        runs=tuple(dict.fromkeys(run for metric in members for run in metric.runs)),
        stand_in=any(metric.stand_in for metric in members),
        leak=next((metric.leak for metric in members if metric.leak), ""),
    )


def _distinct(pairs: Sequence[CellPair]) -> Iterator[CellPair]:
    """Yield each pair of runs once, because cells with equal settings share their runs; never runs with themselves."""
    seen = set()
    for arm, other in pairs:
        both = _runs_and_values(arm), _runs_and_values(other)
        if both[0] != both[1] and both not in seen:
            seen.add(both)
            yield arm, other


def _runs_and_values(metric: MeasuredMetric) -> tuple[object, ...]:
    return metric.runs, *metric.by_seed.items()


def _rounding_variance(images: Sequence[int], unit: float) -> float:
    """Return the variance of a mean of differences of values that are rounded to whole test images.

    A value in steps of h has the rounding variance h^2 / 12; a difference of two has twice that.
    """
    return sum((unit / n) ** 2 / 6 for n in images if n) / len(images) ** 2
