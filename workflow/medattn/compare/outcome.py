"""What one statistical test of two arms gives."""

from dataclasses import dataclass
from math import nan

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Outcome:
    """One test of an arm against another.

    Attributes:
        test: name of the test: `student`, `welch` or `permutation`.
        n: observations of each arm (epochs, or pairs of runs).
        difference: mean of the arm minus mean of the other, in the unit of the metric.
        low: lower end of the 95% interval of the difference; NaN where there is none.
        high: upper end of that interval.
        effect: standardised difference: Cohen's d of the pooled deviation, or d_z of paired differences.
        p: two-sided p, not corrected.
        least_p: the least p that the test can give with this n; NaN for t-tests, which have none.
        note: what a reader must know, such as why there is no p.
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
