"""Effect sizes of paired runs with 95% intervals: Cohen's d_z, and Cliff's delta."""

from math import nan

import numpy as np
from scipy.special import nctdtrinc, ndtri

from medattn.compare.permutation_test import cohens_dz
from medattn.compare.replicates import DIGITS, Replicates
from medattn.compare.test_result import CONFIDENCE, TestResult

_TAIL = (1 - CONFIDENCE) / 2


def dz(pairs: Replicates) -> TestResult:
    """Return d_z, mean over standard deviation of the differences, with the interval of the noncentral t distribution.

    t = d_z sqrt(n) has a noncentral t distribution with n - 1 degrees of freedom; the ends are the noncentralities
    under which a t this large or this small has a probability of 2.5% (Cumming and Finch 2001, Educational and
    Psychological Measurement 61:532-574).
    """
    n, notes = pairs.n, list(pairs.notes)
    effect = cohens_dz(pairs.differences)
    low = high = nan
    if np.isnan(effect):
        notes.append("no spread of the differences" if n > 1 else "too few pairs")
    else:
        root = float(np.sqrt(n))
        low, high = (float(nctdtrinc(n - 1, share, effect * root)) / root for share in (1 - _TAIL, _TAIL))
    return TestResult("dz", n, _mean(pairs), low, high, note="; ".join(notes), quantity="d_z", estimate=effect)


def cliffs_delta(pairs: Replicates) -> TestResult:
    """Return Cliff's delta, P(A > B) - P(A < B) for two random runs, with Newcombe's interval.

    delta = 2 A12 - 1, where A12 is Vargha and Delaney's (2000) measure, an area under a ROC curve. Its interval solves
    |A - A12| = z sqrt(V(A)) with the variance of Hanley and McNeil (1982), as Newcombe proposes (2006, Statistics in
    Medicine 25:559-573, method 5). The interval has a width even if every run of one arm is above every run of the
    other. It assumes independent arms, so for paired runs it is too wide rather than too narrow.
    """
    n, notes = pairs.n, list(pairs.notes)
    low = high = estimate = nan
    if n == 0:
        notes.append("too few pairs")
    else:
        above = np.sign(np.round(pairs.first[:, None] - pairs.second[None, :], DIGITS))
        share = float((above.mean() + 1) / 2)
        estimate = 2 * share - 1
        low, high = (2 * end - 1 for end in newcombe(share, n, n))
    note = "; ".join(notes)
    return TestResult(
        "cliffs_delta", n, _mean(pairs), low, high, note=note, quantity="Cliff's delta", estimate=estimate
    )


def newcombe(share: float, m: int, n: int) -> tuple[float, float]:
    """Return Newcombe's 95% interval of an area under a ROC curve from `m` and `n` values."""
    return _end(share, m, n, 0.0), _end(share, m, n, 1.0)


def _end(share: float, m: int, n: int, limit: float) -> float:
    """Find the point between `share` and `limit` whose distance from `share` is z standard errors, by bisection."""
    z, more = float(ndtri(1 - _TAIL)), (m + n) / 2 - 1
    inside, outside = share, limit
    for _ in range(60):
        middle = (inside + outside) / 2
        spread = middle * (1 - middle) * (1 + more * (1 - middle) / (2 - middle) + more * middle / (1 + middle))
        if (middle - share) ** 2 < z * z * spread / (m * n):
            inside = middle
        else:
            outside = middle
    return (inside + outside) / 2


def _mean(pairs: Replicates) -> float:
    return float(pairs.differences.mean()) if pairs.n else nan
