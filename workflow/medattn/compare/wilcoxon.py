"""Wilcoxon's signed-rank test of paired differences, exact also with ties (Wilcoxon 1945, Biometrics Bulletin 1:80-83).

The test drops differences of zero, as in Wilcoxon's paper; equal absolute differences share their mean rank. The
estimate is that of Hodges and Lehmann: the median of the means of any two differences, including each with itself. Its
interval inverts the test.
"""

import numpy as np
from scipy import stats

from medattn.compare.replicates import Floats, Replicates
from medattn.compare.sign_flips import DRAWN, EXACT_UP_TO, least_p, sign_flip_p
from medattn.compare.test_result import CONFIDENCE, TestResult

TEST = "wilcoxon"
_QUANTITY = "median difference (Hodges-Lehmann)"


def wilcoxon(pairs: Replicates) -> TestResult:
    """Return the Hodges-Lehmann estimate, its 95% interval, the rank-biserial correlation and the exact p."""
    notes = list(pairs.notes)
    if pairs.n == 0:
        return TestResult(TEST, 0, note="; ".join(notes), quantity=_QUANTITY)
    differences = pairs.differences
    nonzero = differences[differences != 0]
    if len(nonzero) < pairs.n:
        notes.append(f"{pairs.n - len(nonzero)} of {pairs.n} pairs have no difference")
    low, high = _interval(differences)
    if np.isnan(low):
        notes.append("too few pairs for a 95% interval")
    signed = np.sign(nonzero) * stats.rankdata(np.abs(nonzero))
    is_tied = len(np.unique(np.abs(signed))) < len(signed)
    least = least_p(len(nonzero)) if is_tied else min(1.0, 2.0 ** (1 - len(nonzero)))
    # Scipy's exact distribution has no ties. With ties, the ranks get random signs.
    p = sign_flip_p(signed) if is_tied or not len(signed) else float(stats.wilcoxon(signed, method="exact").pvalue)
    if is_tied and len(nonzero) > EXACT_UP_TO:
        notes.append(f"p from {DRAWN} drawn sign patterns")
    return TestResult(
        TEST,
        pairs.n,
        float(differences.mean()),
        low,
        high,
        float(signed.sum() / np.abs(signed).sum()) if len(nonzero) else 0.0,
        p,
        least,
        "; ".join(notes),
        _QUANTITY,
        float(np.median(_walsh(differences))),
    )


def _walsh(differences: Floats) -> Floats:
    """Return the means of any two differences, sorted."""
    rows, columns = np.triu_indices(len(differences))
    means: Floats = np.sort((differences[rows] + differences[columns]) / 2)
    return means


def _interval(differences: Floats) -> tuple[float, float]:
    """Return the interval with at least 95% coverage that inverts the test; NaN if there are too few pairs."""
    n = len(differences)
    below = np.cumsum(_null_distribution(n))
    left_out = int(np.searchsorted(below, (1 - CONFIDENCE) / 2, side="right"))  # Walsh means beyond each end
    if left_out == 0:
        return float("nan"), float("nan")
    means = _walsh(differences)
    return float(means[left_out - 1]), float(means[len(means) - left_out])


def _null_distribution(n: int) -> Floats:
    """Return the probability of each rank sum from 0 to n (n + 1) / 2 for random signs and no ties."""
    chances = np.ones(1)
    for rank in range(1, n + 1):
        longer = np.zeros(len(chances) + rank)
        longer[: len(chances)] += chances / 2
        longer[rank:] += chances / 2
        chances = longer
    return chances
