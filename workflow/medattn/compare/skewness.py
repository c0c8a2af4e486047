"""The t-test of a mean, corrected for skewed differences: Hall's transformation of t (1992, JRSS B 54:221-228).

If the runs of one arm are skewed and those of the other are not, the differences are skewed, and the t-test rejects a
true mean too often. Hall's transformation removes the first-order effect of the sample skewness. From `SKEWNESS_FROM`
pairs on, a difference must be significant with and without it. Fewer pairs say too little about skewness: the
correction would cost power and not keep the level (docs/statistics.md has the rates).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit
from scipy.stats import skew

SKEWNESS_FROM = 8
"""Fewest pairs for which the skewness of the differences is taken into account."""
FEW_PAIRS = (
    f"fewer than {SKEWNESS_FROM} pairs: the error rate of 5% holds if the differences scatter evenly around their "
    "mean, which so few cannot show; if the runs of one arm are skewed, it is 8 to 12%"
)
Floats = NDArray[np.float64]


def sample_skewness(differences: Floats) -> Floats:
    """Return the skewness (G1) of each row, 0 where it is not used or the values of the row are equal.

    Args:
        differences: (..., n).
    """
    n = differences.shape[-1]
    if n < SKEWNESS_FROM:
        return np.zeros(differences.shape[:-1])
    varies = np.ptp(differences, axis=-1) > 1e-9
    found = np.zeros(differences.shape[:-1])
    found[varies] = skew(differences[varies], axis=-1, bias=False)
    return found


def p_of_t(t: Floats, skewness: Floats, n: int) -> Floats:
    """Return the two-sided p of t, the greater of those with and without the correction for skewness.

    Args:
        t: mean over standard error.
        skewness: sample skewness, 0 for fewer pairs than `SKEWNESS_FROM`.
        n: number of pairs.
    """
    nearest = np.minimum(np.abs(t), np.abs(_transformed(t, skewness, n)))
    return np.asarray(2 * stdtr(n - 1, -nearest))


def limits_of_t(quantile: float, skewness: Floats, n: int) -> tuple[Floats, Floats]:
    """Return the least and the greatest t that are not significant, with or without the correction.

    Args:
        quantile: quantile of the t distribution with n - 1 degrees of freedom.
        skewness: sample skewness, 0 for fewer pairs than `SKEWNESS_FROM`.
        n: number of pairs.
    """
    low, high = (_inverse(np.full(np.shape(skewness), end), skewness, n) for end in (-quantile, quantile))
    return np.minimum(low, -quantile), np.maximum(high, quantile)


def interval_of_mean(differences: Floats, confidence: float, least_sd: float = 0.0) -> tuple[float, float]:
    """Return the interval of the mean difference that fits the p of the primary test; NaN for a single difference.

    Args:
        differences: (n,).
        confidence: confidence level.
        least_sd: smallest standard deviation that the differences can have.
    """
    low, high = intervals_of_means(differences[None], confidence, least_sd)
    return float(low[0]), float(high[0])


def intervals_of_means(
    differences: Floats, confidence: float, least_sd: float = 0.0, skewness: Floats | None = None
) -> tuple[Floats, Floats]:
    """Return the lower and the upper ends of the intervals of several comparisons.

    Args:
        differences: (comparisons, n).
        confidence: confidence level.
        least_sd: smallest standard deviation that the differences can have.
        skewness: their `sample_skewness`, if it is known.
    """
    count, n = differences.shape
    if n < 2:
        return np.full(count, np.nan), np.full(count, np.nan)
    quantile = float(stdtrit(n - 1, (1 + confidence) / 2))
    error = np.maximum(differences.std(axis=1, ddof=1), least_sd) / np.sqrt(n)
    low, high = limits_of_t(quantile, sample_skewness(differences) if skewness is None else skewness, n)
    mean = differences.mean(axis=1)
    return mean - high * error, mean - low * error


def _transformed(t: Floats, skewness: Floats, n: int) -> Floats:
    """Return Hall's transformation of t, which grows with t."""
    slope = skewness / (3 * np.sqrt(n))
    return np.asarray(t + slope * t**2 + slope**2 * t**3 / 3 + slope / 2)


def _inverse(value: Floats, skewness: Floats, n: int) -> Floats:
    """Return the t that Hall's transformation turns into a value."""
    slope = skewness / (3 * np.sqrt(n))
    is_skewed = np.abs(slope) > 1e-9
    divisor = np.where(is_skewed, slope, 1.0)
    return np.where(is_skewed, (np.cbrt(1 + 3 * divisor * (value - divisor / 2)) - 1) / divisor, value)
