"""Power of the answer's average over data sets: how many seeds decide it.

With k data sets that vary by tau around the mean effect, and a mean difference over n seeds on each, the estimates on
the data sets have the variance tau^2 + SD^2 / n. The Hartung-Knapp interval of the answer estimates it from their
spread, S^2 with k - 1 degrees of freedom, and never takes less than SD^2 / n (docs/answer.md). More seeds reduce
SD^2 / n only: where tau is large, more data sets are needed.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, ndtr, stdtrit

from medattn.power.paired_t import (
    power_of_difference,
    power_of_equivalence,
    smallest_effect,
    smallest_number,
    smallest_with_power,
)

_SPREADS = 500


@dataclass(frozen=True)
class Design:
    """What a comparison averages over: one data set or several. Effects are in SD of the difference between seeds.

    Attributes:
        datasets: number of data sets.
        tau: standard deviation of the effect between data sets; not used for one.
    """

    datasets: int = 1
    tau: float = 0.0

    def power_of_difference(self, effect: float, seeds: int, alpha: float) -> float:
        """Return the probability that the two-sided test finds a difference."""
        if self.datasets == 1:
            return power_of_difference(effect, seeds, alpha)
        # In standard errors of the mean: |mean| must exceed the half-width of the interval.
        shift, half = abs(effect) / self._error(seeds), self._half_widths(seeds, alpha)
        return float(np.mean(ndtr(shift - half) + ndtr(-shift - half)))

    def power_of_equivalence(self, margin: float, seeds: int, alpha: float) -> float:
        """Return the probability that the interval of two equal arms lies within the margin."""
        if self.datasets == 1:
            return power_of_equivalence(margin, seeds, alpha)
        reach = margin / self._error(seeds) - self._half_widths(seeds, alpha)
        return float(np.mean(np.maximum(0.0, 2 * ndtr(reach) - 1)))

    def smallest_effect(self, seeds: int, alpha: float) -> float:
        """Return the smallest difference that the test finds with 80% probability."""
        if self.datasets == 1:
            return smallest_effect(seeds, alpha)
        return smallest_with_power(lambda effect: self.power_of_difference(effect, seeds, alpha))

    def seeds_for_difference(self, effect: float, alpha: float, most: int) -> float:
        """Return the fewest seeds that find a difference with 80% probability; infinity above `most`."""
        return smallest_number(lambda seeds: self.power_of_difference(effect, seeds, alpha), most)

    def seeds_for_equivalence(self, margin: float, alpha: float, most: int) -> float:
        """Return the fewest seeds that show two equal arms to be equal; infinity above `most`."""
        return smallest_number(lambda seeds: self.power_of_equivalence(margin, seeds, alpha), most)

    def _error(self, seeds: int) -> float:
        """Return the standard error of the mean over data sets."""
        return sqrt((self.tau**2 + 1 / seeds) / self.datasets)

    def _half_widths(self, seeds: int, alpha: float) -> NDArray[np.float64]:
        """Return equally likely half-widths of the interval, in true standard errors of the mean."""
        degrees = self.datasets - 1
        shares = (np.arange(_SPREADS) + 0.5) / _SPREADS
        of_seeds = (1 / seeds) / (self.tau**2 + 1 / seeds)
        spreads = np.sqrt(np.maximum(chdtri(degrees, shares) / degrees, of_seeds))
        return np.asarray(float(stdtrit(degrees, 1 - alpha / 2)) * spreads)
