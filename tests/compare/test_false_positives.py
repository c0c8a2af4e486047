"""Two arms without a difference: how often tests find one. benchmarks/false_positives.py asks trained networks."""

import numpy as np
import pytest
from scipy import stats

from medattn.compare.epochs_tests import compare_epochs
from medattn.compare.nadeau_bengio import nadeau_bengio
from medattn.compare.outperforming import outperforming
from medattn.compare.permutation_test import permutation
from medattn.compare.primary_test import primary_test
from medattn.compare.replicates import Replicates
from medattn.compare.wilcoxon import wilcoxon

COMPARISONS, RUNS, EPOCHS, LEVEL = 200, 8, 30, 0.05
BETWEEN, WITHIN, AUTOCORRELATION = 0.380, 0.301, 0.391  # of the networks that docs/statistics.md tells of

OVER_RUNS = {
    "t_test": primary_test,
    "permutation": permutation,
    "wilcoxon": wilcoxon,
    "outperforming": outperforming,
}


def curves(effect: float) -> np.ndarray:
    """Learning curves of two arms: comparisons x 2 x runs x epochs."""
    random = np.random.default_rng(7)
    steps = random.normal(0, WITHIN, (COMPARISONS, 2, RUNS, EPOCHS))
    for epoch in range(1, EPOCHS):
        steps[..., epoch] *= np.sqrt(1 - AUTOCORRELATION**2)
        steps[..., epoch] += AUTOCORRELATION * steps[..., epoch - 1]
    made = 94 + random.normal(0, BETWEEN, (COMPARISONS, 2, RUNS, 1)) + steps
    made[:, 0] += effect * BETWEEN
    return made


def found(name: str, effect: float) -> int:
    count = 0
    for first, second in curves(effect):
        pairs = Replicates(first.mean(axis=1), second.mean(axis=1))
        if name == "welch":
            count += compare_epochs(first[0], second[0])[1].p < LEVEL
        else:
            count += OVER_RUNS[name](pairs).p < LEVEL
    return count


@pytest.mark.parametrize("name", OVER_RUNS)
def test_tests_over_runs_keep_their_level_and_find_what_is_planted(name: str) -> None:
    assert stats.binomtest(found(name, 0.0), COMPARISONS, LEVEL, alternative="greater").pvalue > 0.01
    assert found(name, 2.5) > 0.7 * COMPARISONS


def test_t_tests_over_epochs_find_differences_that_are_not_there() -> None:
    assert found("welch", 0.0) > 0.5 * COMPARISONS


def test_folds_that_share_images_need_the_correction() -> None:
    random, folds = np.random.default_rng(3), 5
    common = random.normal(0, np.sqrt(1 / folds), (COMPARISONS * 2, 1))
    differences = common + random.normal(0, np.sqrt(1 - 1 / folds), (COMPARISONS * 2, folds))
    plain = (stats.ttest_1samp(differences, 0, axis=1).pvalue < LEVEL).sum()
    pairs = [Replicates(row, np.zeros(folds)) for row in differences]
    corrected = sum(nadeau_bengio(each, [1 / (folds - 1)] * folds).p < LEVEL for each in pairs)
    assert stats.binomtest(int(plain), len(pairs), LEVEL, alternative="greater").pvalue < 1e-4
    assert stats.binomtest(corrected, len(pairs), LEVEL, alternative="greater").pvalue > 0.01
