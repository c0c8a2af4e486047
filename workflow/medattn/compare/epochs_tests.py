"""The paper's own procedure: t-tests over the measured epochs of one run of each arm.

Epochs of one run share initialization, data order and test images, and consecutive epochs share almost all weights.
They are not independent samples, so these p are far too small. They are computed because the paper drew its
conclusions from them.
"""

import warnings

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from medattn.compare.replicates import DIGITS
from medattn.compare.test_result import CONFIDENCE, TestResult

CAUTION = "epochs of one run are not independent"


def compare_epochs(arm: ArrayLike, against: ArrayLike) -> list[TestResult]:
    """Run Student's and Welch's t-test between the epoch values of one run of each arm.

    Args:
        arm: test values at the measured epochs of the first arm's run.
        against: the same values for the run of the other arm.
    """
    first, second = (np.round(np.asarray(values, dtype=np.float64), DIGITS) for values in (arm, against))
    return [_t_test("student", first, second, True), _t_test("welch", first, second, False)]


def _t_test(name: str, first: np.ndarray, second: np.ndarray, equal_variances: bool) -> TestResult:
    n = min(len(first), len(second))
    if n == 0:
        return TestResult(name, 0, note="no epochs to compare")
    difference = float(first.mean() - second.mean())
    if n < 2:
        return TestResult(name, n, difference, note="a single epoch: no test")
    pooled = _pooled_deviation(first, second)
    if pooled == 0:
        return TestResult(name, n, difference, note="no spread in either arm: no test")
    with warnings.catch_warnings():
        # scipy warns if one arm has no spread, but the test is valid as long as the other arm has some.
        warnings.filterwarnings("ignore", "Precision loss", RuntimeWarning)
        result = stats.ttest_ind(first, second, equal_var=equal_variances)
    interval = result.confidence_interval(CONFIDENCE)
    return TestResult(
        name,
        n,
        difference,
        float(interval.low),
        float(interval.high),
        difference / pooled,
        float(result.pvalue),
        note=CAUTION,
    )


def _pooled_deviation(first: np.ndarray, second: np.ndarray) -> float:
    freedom = len(first) + len(second) - 2
    squares = (len(first) - 1) * first.var(ddof=1) + (len(second) - 1) * second.var(ddof=1)
    return float(np.sqrt(squares / freedom))
