import numpy as np
import pytest
from scipy import stats

from medattn.compare.nadeau_bengio import fold_ratios, nadeau_bengio
from medattn.compare.replicates import Replicates


def with_t(t: float, n: int) -> np.ndarray:
    """Differences whose uncorrected one-sample t is `t`."""
    values = np.random.default_rng(0).normal(size=n)
    values = (values - values.mean()) / values.std(ddof=1)
    return values + t / np.sqrt(n)


def test_the_worked_example_of_scikit_learn() -> None:
    # "Statistical comparison of models using grid search", ten times ten folds: uncorrected t = 2.611 (p = 0.005),
    # corrected t = 0.750 (p = 0.227), both one-sided.
    differences = with_t(2.611, 100)
    assert stats.ttest_1samp(differences, 0, alternative="greater").pvalue == pytest.approx(0.005, abs=5e-4)
    outcome = nadeau_bengio(Replicates(differences, np.zeros(100)), [1 / 9] * 100)
    assert stats.t.isf(outcome.p / 2, 99) == pytest.approx(0.750, abs=5e-4)
    assert outcome.p / 2 == pytest.approx(0.227, abs=1e-3)


def test_the_interval_is_wider_by_the_factor() -> None:
    differences = with_t(3.0, 5)
    outcome = nadeau_bengio(Replicates(differences, np.zeros(5)), [0.25] * 5)
    plain = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    assert (outcome.high - outcome.low) / (plain.high - plain.low) == pytest.approx(np.sqrt((1 / 5 + 0.25) * 5))
    assert (outcome.low <= 0 <= outcome.high) is (outcome.p >= 0.05)


def test_the_sizes_of_uneven_folds_are_averaged() -> None:
    differences = with_t(3.0, 2)
    outcome = nadeau_bengio(Replicates(differences, np.zeros(2)), [40 / 57, 57 / 40])
    assert f"{(40 / 57 + 57 / 40) / 2:.4g}" in outcome.note


@pytest.mark.parametrize(("values", "why"), [([], ""), ([1.0], "single pair"), ([1.0, 1.0], "no spread")])
def test_what_cannot_be_tested_says_why(values: list[float], why: str) -> None:
    outcome = nadeau_bengio(Replicates(np.array(values), np.zeros(len(values))), [0.25] * len(values))
    assert np.isnan(outcome.p)
    assert why in outcome.note


def test_shares_are_counted_or_where_folds_lack_those_of_equal_folds():
    images = {(0, 0): 10, (0, 1): 20, (0, 2): 30, (1, 0): 10}
    assert fold_ratios(images, sorted(images), 3) == [10 / 50, 20 / 40, 30 / 30, 1 / 2]
