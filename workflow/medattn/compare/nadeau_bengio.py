"""The corrected resampled t-test of Nadeau and Bengio, for replicates that share training images, such as folds.

Source: Nadeau and Bengio, Inference for the generalization error, Machine Learning 52:239-281, 2003. The folds of a
cross-validation share most training images, so the variance of their differences is far too small. The correction
replaces 1/n by 1/n + n_test/n_train (Bouckaert and Frank 2004 for r times k folds, where n = r k).
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from scipy.special import stdtr, stdtrit

from medattn.compare.permutation_test import cohens_dz
from medattn.compare.replicates import Replicates
from medattn.compare.test_result import CONFIDENCE, TestResult

TEST = "nadeau_bengio"


def nadeau_bengio(pairs: Replicates, ratios: Sequence[float]) -> TestResult:
    """Test the mean difference with the corrected variance, and return its 95% t-interval and p.

    Args:
        pairs: values of two arms, a pair for each fold of each cross-validation.
        ratios: test images over training images of each fold; the test uses their mean.
    """
    n, notes = pairs.n, list(pairs.notes)
    if n == 0:
        return TestResult(TEST, 0, note="; ".join(notes))
    differences = pairs.differences
    mean = float(differences.mean())
    effect = cohens_dz(differences)
    if np.isnan(effect):
        notes.append("a single pair: no test" if n < 2 else "no spread of the differences: no test")
        return TestResult(TEST, n, mean, note="; ".join(notes))
    factor = 1 / n + float(np.mean(ratios))
    error = float(differences.std(ddof=1)) * float(np.sqrt(factor))
    half = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * error
    notes.append(f"variance times 1/{n} + {float(np.mean(ratios)):.4g}")
    p = min(1.0, 2 * float(stdtr(n - 1, -abs(mean) / error)))
    return TestResult(TEST, n, mean, mean - half, mean + half, effect, p, note="; ".join(notes))


def fold_ratios(images: Mapping[tuple[int, int], int], wanted: Iterable[tuple[int, int]], folds: int) -> list[float]:
    """Return test images over training images of the wanted folds of cross-validations.

    Args:
        images: test images of each seed and fold that was measured.
        wanted: seeds and folds.
        folds: folds of a cross-validation. If a seed lacks a measured fold, the number of its images is unknown, so
            all folds of the seed count as equally large.
    """
    of_seed: dict[int, list[int]] = {}
    for (seed, _), count in images.items():
        of_seed.setdefault(seed, []).append(count)
    ratios = []
    for key in wanted:
        counts = of_seed[key[0]]
        all_measured = len(counts) == folds
        ratios.append(images[key] / (sum(counts) - images[key]) if all_measured else 1 / (folds - 1))
    return ratios
