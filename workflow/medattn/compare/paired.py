"""The sound procedure: runs as replicates, paired by seed."""

from collections.abc import Mapping

import numpy as np
from scipy import stats

from medattn.compare.outcome import CONFIDENCE, Outcome

TEST = "permutation"
# 2^16 sign patterns take a moment; beyond that, patterns are drawn, always the same ones.
_EXACT_UP_TO = 16
_DRAWN = 99_999


def compare_runs(arm: Mapping[int, float], against: Mapping[int, float]) -> Outcome:
    """Compare two arms over the seeds that both have: difference, interval, effect size, permutation p.

    Args:
        arm: one value per seed of the first arm.
        against: one value per seed of the other arm.
    """
    seeds = sorted(set(arm) & set(against))
    notes = _unpaired(set(arm) ^ set(against))
    n = len(seeds)
    if n == 0:
        return Outcome(TEST, 0, note="; ".join(["no seed in common", *notes]))
    differences = np.array([arm[seed] - against[seed] for seed in seeds])
    if n > _EXACT_UP_TO:
        notes.append(f"p from {_DRAWN} drawn sign patterns")
    if n < 2:
        notes.append("one pair: no interval")
    low, high = _interval(differences)
    return Outcome(
        TEST,
        n,
        float(differences.mean()),
        low,
        high,
        _cohens_dz(differences),
        _permutation_p(differences),
        least_p(n),
        "; ".join(notes),
    )


def least_p(n: int) -> float:
    """Return the least two-sided p that flipping the signs of `n` differences can give."""
    return min(1.0, 2.0 ** (1 - n))


def _unpaired(seeds: set[int]) -> list[str]:
    if not seeds:
        return []
    named = ", ".join(str(seed) for seed in sorted(seeds))
    return [f"left out, as one arm lacks it: seed {named}"]


def _interval(differences: np.ndarray) -> tuple[float, float]:
    """Return the 95% t-interval of the mean; NaN for a single difference."""
    n = len(differences)
    if n < 2:
        return float("nan"), float("nan")
    half = stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * differences.std(ddof=1) / np.sqrt(n)
    return float(differences.mean() - half), float(differences.mean() + half)


def _cohens_dz(differences: np.ndarray) -> float:
    deviation = differences.std(ddof=1) if len(differences) > 1 else 0.0
    return float(differences.mean() / deviation) if deviation > 0 else float("nan")


def _permutation_p(differences: np.ndarray) -> float:
    n = len(differences)
    if n == 1:
        return 1.0  # both signs are equally likely
    result = stats.permutation_test(
        (differences,),
        lambda sample, axis: np.mean(sample, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf if n <= _EXACT_UP_TO else _DRAWN,
        batch=10_000,
        alternative="two-sided",
        random_state=np.random.default_rng(0),
    )
    return float(result.pvalue)
