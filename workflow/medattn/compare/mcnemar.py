"""McNemar's test: do two given models err on the same images?

Source: McNemar 1947, Psychometrika 12:153-157. Only images count that one of the models classes rightly
and the other does not. The p is exact however many they are.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from medattn.compare.test_result import TestResult

TEST = "mcnemar"


def mcnemar(right: NDArray[np.bool_], other_right: NDArray[np.bool_]) -> TestResult:
    """Return the difference of accuracies in percentage points, and the exact two-sided p.

    Args:
        right: (N,), whether the first model is right.
        other_right: (N,), the same of the other, on the same images.
    """
    n = len(right)
    only, other_only = int((right & ~other_right).sum()), int((other_right & ~right).sum())
    unlike = only + other_only
    p = min(1.0, 2 * float(binom.cdf(min(only, other_only), unlike, 0.5)))
    note = f"right alone: {only} and {other_only} images"
    least = min(1.0, 2.0 ** (1 - unlike)) if unlike < 1000 else 0.0
    return TestResult(TEST, n, 100 * (only - other_only) / n, p=p, least_p=least, note=note)
