"""Equivalence of two arms within a margin: two one-sided t-tests of paired differences.

Source: Schuirmann 1987, Journal of Pharmacokinetics and Biopharmaceutics 15:657-680. A large p of a test of difference
does not show that two arms are equivalent. This test does, if the 90% interval of the mean difference lies within the
margin.
"""

import numpy as np
from scipy.stats import ttest_1samp

from medattn.compare.permutation_test import cohens_dz, t_interval
from medattn.compare.replicates import Replicates
from medattn.compare.test_result import TestResult

TEST = "equivalence"
ALPHA = 0.05


def equivalence(pairs: Replicates, margin: float) -> TestResult:
    """Test equivalence, and return the mean difference with its 90% interval, p and verdict.

    Args:
        pairs: the values of two arms.
        margin: largest absolute difference that counts as equivalent, in the unit of the metric.
    """
    n, notes = pairs.n, list(pairs.notes)
    if n == 0:
        return TestResult(TEST, 0, note="; ".join(notes))
    differences = pairs.differences
    mean = float(differences.mean())
    low, high = t_interval(differences, 1 - 2 * ALPHA)
    if np.isnan(cohens_dz(differences)):
        notes.append("a single pair: no test" if n < 2 else "no spread of the differences: no test")
        return TestResult(TEST, n, mean, low, high, note="; ".join(notes), verdict="undecided")
    above = ttest_1samp(differences, -margin, alternative="greater")
    below = ttest_1samp(differences, margin, alternative="less")
    p = max(float(above.pvalue), float(below.pvalue))
    notes.append("90% interval")
    verdict = "equivalent" if p < ALPHA else "not shown to be equivalent"
    return TestResult(TEST, n, mean, low, high, p=p, note="; ".join(notes), verdict=verdict)
