"""Power of the paired t-test over seeds: how many seeds find a difference, or show that there is none.

Under a true difference d, t = mean / (s / sqrt(n)) has a noncentral t distribution with n - 1 degrees of freedom and
noncentrality d / SD * sqrt(n).
"""

from collections.abc import Callable
from functools import cache
from math import inf, isnan, nan, sqrt

import numpy as np
from scipy.special import chdtri, ndtr, stdtrit
from scipy.stats import nct

POWER = 0.8
"""Probability with which a difference should be found."""
_SPREADS = 2000


def upper_sd(sd: float, pairs: int, confidence: float = 0.8) -> float:
    """Return the one-sided upper confidence bound of a standard deviation of normal values.

    Args:
        sd: sample standard deviation of the values.
        pairs: number of values; NaN results for fewer than two.
        confidence: confidence level of the bound.
    """
    if pairs < 2 or isnan(sd):
        return nan
    # chdtri inverts the upper tail.
    return sd * sqrt((pairs - 1) / float(chdtri(pairs - 1, confidence)))


def power_of_difference(effect: float, seeds: int, alpha: float) -> float:
    """Return the probability that the two-sided paired t-test finds a difference.

    Args:
        effect: true difference in standard deviations of the difference between seeds.
        seeds: number of seeds, at least two.
        alpha: significance level.
    """
    quantile = float(stdtrit(seeds - 1, 1 - alpha / 2))
    shift = abs(effect) * sqrt(seeds)
    if shift > 3 * quantile + 35:  # the power is 1 to all digits, and the distribution can't be computed
        return 1.0
    # Of the lower tail, scipy returns NaN where it is negligible.
    below = np.nan_to_num(nct.cdf(-quantile, seeds - 1, shift))
    return float(nct.sf(quantile, seeds - 1, shift) + below)


@cache
def smallest_effect(seeds: int, alpha: float, power: float = POWER) -> float:
    """Return the smallest difference that the paired t-test finds with the given power.

    Returns:
        The difference in standard deviations of the difference between seeds.
    """
    low, high = 0.0, 1.0
    while power_of_difference(high, seeds, alpha) < power:
        low, high = high, 2 * high
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if power_of_difference(middle, seeds, alpha) < power else (low, middle)
    return high


def power_of_equivalence(margin: float, seeds: int, alpha: float) -> float:
    """Return the probability that the interval of two equal arms lies within the margin.

    The integral runs over the distribution of the sample standard deviation, of which the mean is independent.

    Args:
        margin: margin in standard deviations of the difference between seeds.
        seeds: number of seeds, at least two.
        alpha: one minus the confidence level of the interval.
    """
    quantile = float(stdtrit(seeds - 1, 1 - alpha / 2))
    shares = (np.arange(_SPREADS) + 0.5) / _SPREADS
    spreads = np.sqrt(chdtri(seeds - 1, shares) / (seeds - 1))
    room = np.maximum(0.0, margin * sqrt(seeds) - quantile * spreads)
    return float(np.mean(2 * ndtr(room) - 1))


def seeds_for_difference(effect: float, alpha: float, most: int, power: float = POWER) -> float:
    """Return the smallest number of seeds that finds a difference with the given power; infinity above `most`.

    Args:
        effect: true difference in standard deviations of the difference between seeds.
        alpha: significance level.
        most: largest number of seeds to try.
        power: probability with which the difference should be found.
    """
    return _smallest(lambda seeds: power_of_difference(effect, seeds, alpha), most, power)


def seeds_for_equivalence(margin: float, alpha: float, most: int, power: float = POWER) -> float:
    """Return the smallest number of seeds that shows two equal arms to be equal; infinity above `most`.

    Args:
        margin: margin in standard deviations of the difference between seeds.
        alpha: one minus the confidence level of the interval.
        most: largest number of seeds to try.
        power: probability with which the equality should be shown.
    """
    return _smallest(lambda seeds: power_of_equivalence(margin, seeds, alpha), most, power)


def _smallest(power_with: Callable[[int], float], most: int, power: float) -> float:
    """Return the smallest number of seeds with the power, which increases with the seeds, by bisection."""
    if isnan(power_with(2)) or power_with(most) < power:
        return inf
    low, high = 1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if power_with(middle) < power else (low, middle)
    return high
