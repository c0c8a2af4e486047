from itertools import product

import numpy as np
import pytest
from scipy import stats

from medattn.compare.permutation_test import permutation
from medattn.compare.replicates import pair_up
from medattn.compare.sign_flips import least_p
from medattn.compare.test_result import TestResult


def compare_runs(arm: dict[int, float], against: dict[int, float]) -> TestResult:
    return permutation(pair_up(arm, against))


def paired(differences: list[float]) -> tuple[dict[int, float], dict[int, float]]:
    return dict(enumerate(differences)), dict.fromkeys(range(len(differences)), 0.0)


def test_five_positive_differences_give_the_least_p() -> None:
    outcome = compare_runs(*paired([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert outcome.p == outcome.least_p == least_p(5) == 0.0625


def test_p_is_the_share_of_sign_patterns() -> None:
    differences = [1.3, -0.4, 2.2, 0.9, -0.1, 1.7]
    means = [abs(np.mean(np.multiply(differences, signs))) for signs in product([1, -1], repeat=6)]
    expected = np.mean(np.array(means) >= abs(np.mean(differences)) - 1e-12)
    assert compare_runs(*paired(differences)).p == pytest.approx(expected)


def test_interval_and_effect_are_those_of_the_paired_t_test() -> None:
    first, second = [80.0, 82.0, 81.0, 85.0], [78.0, 81.5, 79.0, 80.0]
    outcome = compare_runs(dict(enumerate(first)), dict(enumerate(second)))
    expected = stats.ttest_rel(first, second).confidence_interval(0.95)
    assert (outcome.low, outcome.high) == pytest.approx((expected.low, expected.high))
    differences = np.subtract(first, second)
    assert outcome.difference == pytest.approx(differences.mean())
    assert outcome.effect == pytest.approx(differences.mean() / differences.std(ddof=1))


def test_one_pair_has_no_interval_and_no_evidence() -> None:
    outcome = compare_runs({0: 90.0}, {0: 80.0})
    assert np.isnan([outcome.low, outcome.high, outcome.effect]).all()
    assert outcome.p == outcome.least_p == 1.0


def test_only_seeds_of_both_arms_are_paired_and_the_rest_is_named() -> None:
    outcome = compare_runs({0: 1.0, 1: 2.0, 3: 9.0}, {1: 1.0, 0: 1.0})
    assert (outcome.n, outcome.difference) == (2, 0.5)
    assert "seed 3" in outcome.note


def test_nothing_in_common() -> None:
    outcome = compare_runs({0: 1.0}, {1: 1.0})
    assert outcome.n == 0
    assert np.isnan(outcome.p)
    assert "no seed in common" in outcome.note


def test_equal_arms() -> None:
    assert compare_runs(*paired([0.0, 0.0, 0.0])).p == 1.0


def test_many_seeds_draw_the_same_patterns_each_time() -> None:
    differences = [float(i) - 8.0 for i in range(20)]
    outcome = compare_runs(*paired(differences))
    assert outcome == compare_runs(*paired(differences))
    assert "drawn" in outcome.note
