"""The primary test of two arms over runs: the paired t-test, on which marks, tables, figures and verdicts rest.

Source: Student, Biometrika 6:1-25, 1908. docs/statistics.md shows how often the test finds a difference that does not
exist. From 8 pairs on, the difference must also be significant after a correction for skewed differences. The t-test
needs differences that vary: where fewer than three are distinct, the p is that of the sign-flip permutation test.
"""

import numpy as np
from scipy.stats import ttest_1samp

from medattn.compare.permutation_test import cohens_dz
from medattn.compare.replicates import Floats, Replicates
from medattn.compare.sign_flips import least_p, sign_flip_p
from medattn.compare.skewness import FEW_PAIRS, SKEWNESS_FROM, interval_of_mean, p_of_t, sample_skewness
from medattn.compare.test_result import CONFIDENCE, TestResult

PRIMARY_TEST = "t_test"
"""The primary test's name in the column `test` of comparisons.csv."""
LEAST_DISTINCT = 3
"""Fewest distinct differences for which the t-test is used."""


def primary_test(pairs: Replicates) -> TestResult:
    """Return the mean difference with its 95% interval, d_z, and the p of the primary test."""
    n, notes = pairs.n, list(pairs.notes)
    if n == 0:
        return TestResult(PRIMARY_TEST, 0, note="; ".join(notes))
    differences = pairs.differences
    if n < 2:
        notes.append("one pair: no interval")
    least = float("nan")
    if is_degenerate(differences[None])[0]:
        least = least_p(n)
        notes.append(f"fewer than {LEAST_DISTINCT} distinct differences: p of the permutation test")
    elif n < SKEWNESS_FROM:
        notes.append(FEW_PAIRS)
    low, high = interval_of_mean(differences, CONFIDENCE)
    mean, effect = float(differences.mean()), cohens_dz(differences)
    p = float(primary_p(differences[None])[0])
    return TestResult(PRIMARY_TEST, n, mean, low, high, effect, p, least, "; ".join(notes))


def primary_p(differences: Floats) -> Floats:
    """Return the p of the primary test of several comparisons.

    Args:
        differences: (comparisons, pairs).
    """
    p = np.ones(len(differences))
    is_varied = ~is_degenerate(differences)
    varied = differences[is_varied]
    if len(varied):
        t = ttest_1samp(varied, 0, axis=1).statistic
        p[is_varied] = p_of_t(t, sample_skewness(varied), varied.shape[1])
    p[~is_varied] = [sign_flip_p(row) for row in differences[~is_varied]]
    return p


def is_degenerate(differences: Floats) -> np.ndarray:
    """Return whether the differences of each comparison are too alike for a t-test: fewer than three distinct values.

    Args:
        differences: (comparisons, pairs).
    """
    # Rounding lets equal differences differ.
    ascending = np.sort(np.round(differences, 9), axis=1)
    distinct = 1 + (np.diff(ascending, axis=1) > 0).sum(axis=1)
    return np.asarray(distinct < LEAST_DISTINCT)
