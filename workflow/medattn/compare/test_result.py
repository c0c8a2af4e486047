"""What one statistical procedure says of two arms."""

from dataclasses import dataclass
from math import nan

CONFIDENCE = 0.95
DIFFERENCE = "difference"
"""Quantity that most tests estimate: a difference in the unit of the metric."""


@dataclass(frozen=True)
class TestResult:
    """One test of an arm against another.

    Attributes:
        test: name of the test.
        n: observations of each arm (epochs, runs, folds or test images).
        difference: mean of the arm minus mean of the other, in the unit of the metric.
        low: lower end of the 95% interval of `estimate` (90% of tests of equivalence); NaN where there is none.
        high: upper end of that interval.
        effect: standardized difference: Cohen's d of the pooled deviation, d_z of paired differences, or the
            rank-biserial correlation of Wilcoxon's test.
        p: two-sided p (of equivalence: that of both one-sided tests), not corrected.
        least_p: the least p that the test can give with this n; NaN for those that have none.
        note: what a reader must know, such as why there is no p.
        quantity: what is estimated.
        estimate: its value; None where it is `difference`.
        verdict: what a rule of decision says, of the tests that have one.
    """

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
