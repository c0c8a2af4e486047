"""Null distribution of a sum whose terms have random signs: exact up to 16 terms, sampled beyond."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

EXACT_UP_TO = 16
DRAWN = 99_999
"""Number of sampled sign patterns beyond that; they are the same in every call."""

Floats = NDArray[np.float64]


def sign_flip_p(terms: Floats) -> float:
    """Return the two-sided p of a sum: the share of sign patterns with an absolute sum at least as large.

    Args:
        terms: (n,), at least one.
    """
    sums = np.abs(_signs(len(terms)) @ terms)
    # Rounding lets equal sums differ.
    reached = int(np.count_nonzero(sums >= abs(float(terms.sum())) - 1e-9 * float(np.abs(terms).sum())))
    if len(terms) <= EXACT_UP_TO:
        return reached / len(sums)
    return (reached + 1) / (len(sums) + 1)


def least_p(n: int) -> float:
    """Return the least two-sided p that `n` terms can give; 1 for no terms."""
    exact = min(1.0, 2.0 ** (1 - n))
    return exact if n <= EXACT_UP_TO else max(exact, 1 / (DRAWN + 1))


@lru_cache(maxsize=4)
def _signs(n: int) -> Floats:
    """Return the sign patterns, one per row."""
    if n <= EXACT_UP_TO:
        bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    else:
        bits = np.random.default_rng(0).integers(0, 2, (DRAWN, n), dtype=np.int8)
    return np.where(bits == 1, -1.0, 1.0)
