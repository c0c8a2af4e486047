"""The primary test of two arms over runs: the paired t-test, on which marks, tables, figures and verdicts rest.

Source: Student, Biometrika 6:1-25, 1908. docs/statistics.md shows how often the test finds a difference that does not
exist. The t-test needs differences that vary. Where it has fewer than three distinct differences, the p is that of the
sign-flip permutation test.
"""

import numpy as np
from scipy.stats import ttest_1samp

from medattn.compare.permutation_test import cohens_dz, t_interval
from medattn.compare.replicates import Floats, Replicates
from medattn.compare.sign_flips import least_p, sign_flip_p
from medattn.compare.test_result import TestResult

PRIMARY_TEST = "t_test"
"""The primary test's name in the column `test` of comparisons.csv."""
LEAST_DISTINCT = 3
"""Fewest distinct differences for which the t-test is used."""


def primary_test(pairs: Replicates) -> TestResult:
    """Return the mean difference with its 95% t-interval, d_z, and the p of the paired t-test.

    With fewer than three distinct differences, the p is that of the sign-flip permutation test.
    """
    n, notes = pairs.n, list(pairs.notes)
    if n == 0:
        return TestResult(PRIMARY_TEST, 0, note="; ".join(notes))
    differences = pairs.differences
    if n < 2:
        notes.append("one pair: no interval")
    least = float("nan")
    if is_degenerate(differences):
        p, least = sign_flip_p(differences), least_p(n)
        notes.append(f"fewer than {LEAST_DISTINCT} distinct differences: p of the permutation test")
    else:
        p = float(ttest_1samp(differences, 0).pvalue)
    low, high = t_interval(differences)
    mean, effect = float(differences.mean()), cohens_dz(differences)
    return TestResult(PRIMARY_TEST, n, mean, low, high, effect, p, least, "; ".join(notes))


def is_degenerate(differences: Floats) -> bool:
    """Return whether the differences are too alike for a t-test: fewer than three distinct values."""
    # Rounding lets equal differences differ.
    return len(np.unique(np.round(differences, 9))) < LEAST_DISTINCT
