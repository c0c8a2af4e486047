"""The sign-flip permutation test of paired differences between replicates.

If the arms do not differ, the difference of each pair is positive or negative with equal probability.
"""

import numpy as np
from scipy.special import stdtrit

from medattn.compare.replicates import Floats, Replicates
from medattn.compare.sign_flips import DRAWN, EXACT_UP_TO, least_p, sign_flip_p
from medattn.compare.test_result import CONFIDENCE, TestResult

TEST = "permutation"


def permutation(pairs: Replicates) -> TestResult:
    """Return the mean difference with its 95% t-interval, d_z, and the p of the sign-flip permutation test."""
    n, notes = pairs.n, list(pairs.notes)
    if n == 0:
        return TestResult(TEST, 0, note="; ".join(notes))
    differences = pairs.differences
    if n > EXACT_UP_TO:
        notes.append(f"p from {DRAWN} drawn sign patterns")
    if n < 2:
        notes.append("one pair: no interval")
    low, high = t_interval(differences)
    return TestResult(
        TEST,
        n,
        float(differences.mean()),
        low,
        high,
        cohens_dz(differences),
        sign_flip_p(differences),
        least_p(n),
        "; ".join(notes),
    )


def t_interval(differences: Floats, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the t-interval of the mean of paired differences; NaN for a single difference."""
    n = len(differences)
    if n < 2:
        return float("nan"), float("nan")
    half = float(stdtrit(n - 1, (1 + confidence) / 2)) * float(differences.std(ddof=1)) / float(np.sqrt(n))
    mean = float(differences.mean())
    return mean - half, mean + half


def cohens_dz(differences: Floats) -> float:
    """Return mean over sample standard deviation of paired differences; NaN if they do not vary."""
    deviation = float(differences.std(ddof=1)) if len(differences) > 1 else 0.0
    return float(differences.mean()) / deviation if deviation > 1e-12 * _size(differences) else float("nan")


def _size(differences: Floats) -> float:
    return float(np.abs(differences).max(initial=0.0))
