"""Result of a statistical test that compares two arms."""

from dataclasses import dataclass
from math import nan

CONFIDENCE = 0.95
PRIMARY_TEST = "t_test"
"""Name of the primary test (compare/primary_test.py) in the column `test` of comparisons.csv."""
DIFFERENCE = "difference"
"""Quantity that most tests estimate, in the unit of the metric."""


@dataclass(frozen=True)
class TestResult:
    """Result of one test of an arm against another.

    Attributes:
        test: name of the test.
        n: observations of each arm (epochs, runs, folds or test images).
        difference: mean of the arm minus mean of the other, in the unit of the metric.
        low: lower end of the 95% interval of `estimate` (90% for equivalence); NaN if there is none.
        high: upper end of that interval.
        effect: standardized difference: Cohen's d with the pooled deviation, d_z of paired differences, or the
            rank-biserial correlation of Wilcoxon's test.
        p: two-sided p, not corrected; for equivalence, the greater p of the two one-sided tests.
        least_p: the least p that the test can give with this n; NaN for tests without such a bound.
        note: remarks, such as why there is no p.
        quantity: name of the estimated quantity.
        estimate: its value; None if it equals `difference`.
        verdict: decision of the test, for tests that make one.
    """

    __test__ = False  # pytest collects classes whose names begin with "Test"

    test: str
    n: int
    difference: float = nan
    low: float = nan
    high: float = nan
    effect: float = nan
    p: float = nan
    least_p: float = nan
    note: str = ""
    quantity: str = DIFFERENCE
    estimate: float | None = None
    verdict: str = ""
