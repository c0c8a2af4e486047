"""McNemar's test of the accuracies of two models on the same images.

Source: McNemar 1947, Psychometrika 12:153-157. The test uses the images that exactly one of the models classifies
correctly. The p is exact for any number of images.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from medattn.compare.test_result import TestResult

TEST = "mcnemar"


def mcnemar(is_right: NDArray[np.bool_], other_is_right: NDArray[np.bool_]) -> TestResult:
    """Return the difference of accuracies in percentage points, and the exact two-sided p.

    Args:
        is_right: (N,), whether the first model predicts the class of each image.
        other_is_right: (N,), the same for the other model, on the same images.
    """
    n = len(is_right)
    only, other_only = int((is_right & ~other_is_right).sum()), int((other_is_right & ~is_right).sum())
    discordant = only + other_only
    p = float(binomtest(only, discordant).pvalue) if discordant else 1.0
    note = f"only one model is right on {only} and {other_only} images"
    least = min(1.0, 2.0 ** (1 - discordant)) if discordant < 1000 else 0.0
    return TestResult(TEST, n, 100 * (only - other_only) / n, p=p, least_p=least, note=note)
