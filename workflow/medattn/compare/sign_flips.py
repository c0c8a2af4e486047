"""Sign-flip test of a sum whose terms have random signs: exact up to 13 terms, sampled beyond."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import permutation_test

EXACT_UP_TO = 13
DRAWN = 9_999
"""Number of sampled sign patterns beyond that; they are the same in every call."""

Floats = NDArray[np.float64]


def sign_flip_p(terms: Floats) -> float:
    """Return the two-sided p of a sum: the share of sign patterns with an absolute sum at least as large.

    Args:
        terms: (n,), at least one.
    """
    size = float(np.abs(terms).sum())
    if len(terms) < 2 or size == 0:
        return 1.0
    # Rounding lets equal sums differ, so the test compares shares of the greatest sum with nine digits.
    return _p(tuple(float(term) / size for term in terms))


@lru_cache(maxsize=4096)
def _p(terms: tuple[float, ...]) -> float:
    result = permutation_test(
        (np.array(terms),),
        lambda signed, axis: np.round(signed.sum(axis=axis), 9),
        permutation_type="samples",
        n_resamples=DRAWN,
        vectorized=True,
        rng=np.random.default_rng(0),
    )
    return float(result.pvalue)


def least_p(n: int) -> float:
    """Return the least two-sided p that `n` terms can give; 1 for no terms."""
    exact = min(1.0, 2.0 ** (1 - n))
    return exact if n <= EXACT_UP_TO else max(exact, 2 / (DRAWN + 1))
