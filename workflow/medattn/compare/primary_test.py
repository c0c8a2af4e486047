"""The primary test of two arms over runs: the paired t-test, on which marks, tables, figures and verdicts rest.

Source: Student, Biometrika 6:1-25, 1908. docs/statistics.md shows how often the test finds a difference that does not
exist. From 8 pairs on, the difference must also be significant after a correction for skewed differences. The t-test
needs differences that vary: where fewer than three are distinct, the p is that of the sign-flip permutation test.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.stats import ttest_1samp

from medattn.compare.permutation_test import cohens_dz
from medattn.compare.replicates import DIGITS, Floats, Replicates
from medattn.compare.sign_flips import least_p, sign_flip_p
from medattn.compare.skewness import FEW_PAIRS, SKEWNESS_FROM, intervals_of_means, p_of_t, sample_skewness
from medattn.compare.test_result import CONFIDENCE, PRIMARY_TEST, TestResult

LEAST_DISTINCT = 3
"""Fewest distinct differences for which the t-test is used."""


def primary_test(pairs: Replicates) -> TestResult:
    """Return the mean difference with its 95% interval, d_z, and the p of the primary test."""
    return primary_tests([pairs])[0]


def primary_tests(comparisons: Sequence[Replicates]) -> list[TestResult]:
    """Return the results of several comparisons; those with as many pairs are tested together, which is faster."""
    found: dict[int, TestResult] = {}
    of_size: dict[int, list[int]] = {}
    for place, pairs in enumerate(comparisons):
        of_size.setdefault(pairs.n, []).append(place)
    for n, places in of_size.items():
        if n == 0:
            found |= {place: TestResult(PRIMARY_TEST, 0, note="; ".join(comparisons[place].notes)) for place in places}
            continue
        differences = np.array([comparisons[place].differences for place in places])
        skewness = sample_skewness(differences)
        lows, highs = intervals_of_means(differences, CONFIDENCE, skewness=skewness)
        p_values = primary_p(differences, skewness)
        columns = zip(places, differences, p_values, lows, highs, is_degenerate(differences), strict=True)
        for place, row, p, low, high, degenerate in columns:
            note = "; ".join([*comparisons[place].notes, *_remarks(n, bool(degenerate))])
            least = least_p(n) if degenerate else float("nan")
            found[place] = TestResult(
                PRIMARY_TEST, n, float(row.mean()), float(low), float(high), cohens_dz(row), float(p), least, note
            )
    return [found[place] for place in range(len(comparisons))]


def _remarks(n: int, degenerate: bool) -> Iterator[str]:
    if n < 2:
        yield "one pair: no interval"
    if degenerate:
        yield f"fewer than {LEAST_DISTINCT} distinct differences: p of the permutation test"
    elif n < SKEWNESS_FROM:
        yield FEW_PAIRS


def primary_p(differences: Floats, skewness: Floats | None = None) -> Floats:
    """Return the p of the primary test of several comparisons.

    Args:
        differences: (comparisons, pairs).
        skewness: their `sample_skewness`, if it is known.
    """
    skewness = sample_skewness(differences) if skewness is None else skewness
    p = np.ones(len(differences))
    is_varied = ~is_degenerate(differences)
    varied = differences[is_varied]
    if len(varied):
        t = ttest_1samp(varied, 0, axis=1).statistic
        p[is_varied] = p_of_t(t, skewness[is_varied], varied.shape[1])
    p[~is_varied] = [sign_flip_p(row) for row in differences[~is_varied]]
    return p


def is_degenerate(differences: Floats) -> np.ndarray:
    """Return whether the differences of each comparison are too alike for a t-test: fewer than three distinct values.

    Args:
        differences: (comparisons, pairs).
    """
    ascending = np.sort(np.round(differences, DIGITS), axis=1)
    distinct = 1 + (np.diff(ascending, axis=1) > 0).sum(axis=1)
    return np.asarray(distinct < LEAST_DISTINCT)
