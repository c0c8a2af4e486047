"""Tests of arms ranked on several data sets: Friedman, Iman and Davenport, and Nemenyi's critical difference.

Source: Demšar, Statistical comparisons of classifiers over multiple data sets, Journal of Machine Learning Research
7:1-30, 2006, which has all formulas.
"""

from dataclasses import dataclass
from math import isnan, nan

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from medattn.compare.replicates import DIGITS

ALPHA = 0.05
"""Level of the critical difference."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ranking:
    """Ranks of k arms on N data sets, with their tests.

    Attributes:
        mean_ranks: (k,), mean rank of each arm; rank 1 is best, and tied arms share the mean of their ranks.
        datasets: N.
        statistic: Friedman's chi-square, corrected for ties, with k - 1 degrees of freedom; NaN for N < 2.
        p: its p.
        p_iman_davenport: p of F = (N - 1) chi2 / (N (k - 1) - chi2), which is less conservative; NaN if all data sets
            rank the arms the same, because F is then unbounded, though the chance of that is 1 in (k!)^(N - 1).
        critical_difference: Nemenyi's: mean ranks that differ by more are different at level `ALPHA`; NaN for N < 2.
    """

    mean_ranks: Floats
    datasets: int
    statistic: float
    p: float
    p_iman_davenport: float
    critical_difference: float


def rank(values: ArrayLike, higher_is_better: bool = True) -> Ranking:
    """Rank arms by their values.

    Args:
        values: N x k, the value of each arm (column) on each data set (row).
        higher_is_better: whether the highest value has rank 1.

    Raises:
        ValueError: there is no data set, or fewer than two arms, or a value is missing.
    """
    table = np.round(np.asarray(values, dtype=np.float64), DIGITS).astype(np.float64, copy=False)
    if table.ndim != 2 or table.shape[0] < 1 or table.shape[1] < 2 or np.isnan(table).any():
        raise ValueError("ranks need a full table of at least one data set and two arms")
    n, k = table.shape
    ranks = stats.rankdata(-table if higher_is_better else table, axis=1)
    mean_ranks = ranks.mean(axis=0)
    if n < 2:
        return Ranking(mean_ranks, n, nan, nan, nan, nan)
    statistic, p = _friedman(table)
    return Ranking(
        mean_ranks,
        n,
        statistic,
        p,
        _iman_davenport(statistic, n, k),
        critical_difference(k, n),
    )


def _friedman(table: Floats) -> tuple[float, float]:
    """Return Friedman's chi-square of a table, corrected for ties, and its p; NaN if all arms tie on all data sets."""
    if (table == table[:, :1]).all():
        return nan, nan
    if table.shape[1] > 2:
        result = stats.friedmanchisquare(*table.T)
        return float(result.statistic), float(result.pvalue)
    # Scipy refuses two arms, for which the statistic is that of the sign test with its normal approximation.
    signs = np.sign(table[:, 0] - table[:, 1])
    statistic = float(signs.sum() ** 2 / np.abs(signs).sum())
    return statistic, float(stats.chi2.sf(statistic, 1))


def _iman_davenport(statistic: float, n: int, k: int) -> float:
    rest = n * (k - 1) - statistic
    if isnan(statistic) or rest <= 1e-9 * n * k:  # all data sets rank the arms the same
        return nan
    return float(stats.f.sf((n - 1) * statistic / rest, k - 1, (k - 1) * (n - 1)))


def critical_difference(arms: int, datasets: int, alpha: float = ALPHA) -> float:
    """Return Nemenyi's critical difference of mean ranks: q sqrt(k (k + 1) / 6N), q from the studentized range."""
    q = float(stats.studentized_range.ppf(1 - alpha, arms, np.inf)) / np.sqrt(2)
    return float(q * np.sqrt(arms * (arms + 1) / (6 * datasets)))


def p_against_control(ranking: Ranking, control: int) -> Floats:
    """Return the two-sided p of each arm against the arm `control`, not corrected; NaN for the control itself.

    z is the difference of mean ranks over sqrt(k (k + 1) / 6N).
    """
    k, n = len(ranking.mean_ranks), ranking.datasets
    if n < 2:
        return np.full(k, nan)
    z = (ranking.mean_ranks - ranking.mean_ranks[control]) / np.sqrt(k * (k + 1) / (6 * n))
    p: Floats = 2 * stats.norm.sf(np.abs(z))
    p[control] = nan
    return p


def cliques(ranking: Ranking) -> list[list[int]]:
    """Return the groups of arms that Nemenyi's test cannot separate, which a diagram joins by a bar.

    Each group has the positions of at least two arms with consecutive ranks, and is not part of a larger group.
    """
    order = [int(position) for position in np.argsort(ranking.mean_ranks, kind="stable")]
    found: list[list[int]] = []
    reached = 0
    for first in range(len(order)):
        last = first
        while last + 1 < len(order) and _within(ranking, order[first], order[last + 1]):
            last += 1
        if last > first and last + 1 > reached:
            found.append(order[first : last + 1])
            reached = last + 1
    return found


def _within(ranking: Ranking, best: int, other: int) -> bool:
    return bool(ranking.mean_ranks[other] - ranking.mean_ranks[best] <= ranking.critical_difference)
