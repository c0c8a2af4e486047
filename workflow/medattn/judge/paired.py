"""Differences between arms over runs paired by seed, as the rule for verdicts needs them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan

from medattn.compare.holm import holm
from medattn.compare.primary_test import primary_tests
from medattn.compare.replicates import pair_up
from medattn.compare.skewness import FEW_PAIRS, interval_of_mean
from medattn.compare.test_result import CONFIDENCE
from medattn.judge.rule import PairedDifference, resolved_spread
from medattn.measure.measured_cells import MeasuredMetric

_GREATEST = 100.0
"""Greatest value of a metric in percentage points."""


@dataclass(frozen=True)
class MeasuredPair:
    """What was measured of two arms.

    Attributes:
        first: the first arm.
        second: the second arm.
        least: least possible value in percentage points. The greatest is 100.
    """

    first: MeasuredMetric
    second: MeasuredMetric
    least: float = 0.0

    @property
    def step(self) -> float:
        """Percentage points of one test image; 0 if the number of images is unknown."""
        counts = [measured.n_test for measured in (self.first, self.second) if measured.n_test]
        return 100 / min(counts) if counts else 0.0


def paired_differences(
    pairs: Sequence[MeasuredPair], *, correct: bool, confidence: float = CONFIDENCE
) -> list[PairedDifference]:
    """Return the differences of the pairs of one statement, with the p of the primary test.

    Args:
        pairs: the pairs.
        correct: whether p is corrected over the pairs by Holm's method.
        confidence: level of the intervals.
    """
    replicates = [pair_up(pair.first.by_seed, pair.second.by_seed) for pair in pairs]
    tests = primary_tests(replicates)
    p_values = holm([test.p for test in tests]) if correct else [test.p for test in tests]
    found = []
    for pair, paired, test, p in zip(pairs, replicates, tests, p_values, strict=True):
        spread = float(paired.differences.std(ddof=1)) if test.n > 1 else nan
        least_sd = resolved_spread(0.0, pair.step)
        if test.n < 2:
            low, high = nan, nan
        elif confidence == CONFIDENCE and spread >= least_sd:
            low, high = test.low, test.high
        else:
            low, high = interval_of_mean(paired.differences, confidence, least_sd)
        if not isnan(low):
            low, high = max(low, pair.least - _GREATEST), min(high, _GREATEST - pair.least)
        note = FEW_PAIRS if FEW_PAIRS in test.note else ""
        found.append(PairedDifference(test.difference, low, high, test.n, float(p), spread, note))
    return found
