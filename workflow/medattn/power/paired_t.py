"""Power of the primary test over seeds: how many seeds find a difference, or show that there is none.

Under a true difference d, t = mean / (s / sqrt(n)) has a noncentral t distribution with n - 1 degrees of freedom and
noncentrality d / SD * sqrt(n). For normal differences the sample skewness, for which the test corrects, is independent
of t. Its distribution is that of D'Agostino (1970, Biometrika 57:679-681).
"""

from collections.abc import Callable
from functools import cache
from math import inf, isnan, log, nan, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, ndtr, ndtri, stdtrit
from scipy.stats import nct

from medattn.compare.skewness import SKEWNESS_FROM, limits_of_t

POWER = 0.8
"""Probability with which a difference should be found."""
_SPREADS, _SKEWNESSES = 500, 40


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
    """Return the probability that the two-sided primary test finds a difference.

    Args:
        effect: true difference in standard deviations of the difference between seeds.
        seeds: number of seeds, at least two.
        alpha: significance level.
    """
    quantile = float(stdtrit(seeds - 1, 1 - alpha / 2))
    shift = abs(effect) * sqrt(seeds)
    if shift > 3 * quantile + 35:  # the power is 1 to all digits, and the distribution can't be computed
        return 1.0
    low, high = limits_of_t(quantile, _skewness_of_normal(seeds), seeds)
    # Of the lower tail, scipy returns NaN where it is negligible.
    below = np.nan_to_num(nct.cdf(low, seeds - 1, shift))
    return float(np.mean(nct.sf(high, seeds - 1, shift) + below))


@cache
def _skewness_of_normal(seeds: int) -> NDArray[np.float64]:
    """Return equally likely values of the sample skewness of normal differences; 0 where the test does not use it."""
    if seeds < SKEWNESS_FROM:
        return np.zeros(1)
    n = float(seeds)
    fourth = 3 * (n**2 + 27 * n - 70) * (n + 1) * (n + 3) / ((n - 2) * (n + 5) * (n + 7) * (n + 9))
    width = sqrt(2 * (fourth - 1)) - 1
    normal = ndtri((np.arange(_SKEWNESSES) + 0.5) / _SKEWNESSES)
    biased = sqrt(2 / (width - 1)) * np.sinh(normal * sqrt(log(width) / 2)) * sqrt(6 * (n - 2) / ((n + 1) * (n + 3)))
    return np.asarray(biased * sqrt(n * (n - 1)) / (n - 2))


@cache
def smallest_effect(seeds: int, alpha: float) -> float:
    """Return the smallest difference that the primary test finds with 80% probability.

    Returns:
        The difference in standard deviations of the difference between seeds.
    """
    return smallest_with_power(lambda effect: power_of_difference(effect, seeds, alpha))


def smallest_with_power(power_of: Callable[[float], float]) -> float:
    """Return the smallest effect that is found with 80% probability.

    Args:
        power_of: probability of finding an effect, which increases with the effect.
    """
    low, high = 0.0, 1.0
    while power_of(high) < POWER:
        low, high = high, 2 * high
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if power_of(middle) < POWER else (low, middle)
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
    spreads = np.sqrt(chdtri(seeds - 1, shares) / (seeds - 1))[:, None]
    low, high = limits_of_t(quantile, _skewness_of_normal(seeds), seeds)
    # The mean, in standard errors, must keep both ends of the interval within the margin.
    greatest, least = margin * sqrt(seeds) + low * spreads, high * spreads - margin * sqrt(seeds)
    return float(np.mean(np.maximum(0.0, ndtr(greatest) - ndtr(least))))


def smallest_number(power_with: Callable[[int], float], most: int) -> float:
    """Return the smallest number of seeds that has a power of 80%; infinity above `most`.

    Args:
        power_with: power by number of seeds, with which it increases.
        most: largest number of seeds to try.
    """
    if isnan(power_with(2)) or power_with(most) < POWER:
        return inf
    low, high = 1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if power_with(middle) < POWER else (low, middle)
    return high
