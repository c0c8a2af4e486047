"""Probability of outperforming, effect sizes, equivalence."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import optimize, stats

from medattn.compare.effects import cliffs_delta, dz, newcombe
from medattn.compare.epochs_tests import compare_epochs
from medattn.compare.equivalence import equivalence
from medattn.compare.friedman import rank
from medattn.compare.outperforming import clopper_pearson, outperforming
from medattn.compare.primary_test import primary_test
from medattn.compare.replicates import Replicates
from medattn.compare.test_result import TestResult
from medattn.compare.wilcoxon import wilcoxon


def against_zero(differences: list[float]) -> Replicates:
    return Replicates(np.array(differences), np.zeros(len(differences)))


def test_intervals_of_shares_are_those_of_scipy() -> None:
    for wins, n in ((0, 5), (3, 5), (5, 5), (27, 29)):
        expected = stats.binomtest(wins, n).proportion_ci(0.95, method="exact")
        assert clopper_pearson(wins, n) == pytest.approx((expected.low, expected.high))


def test_five_wins_of_five_do_not_show_that_an_arm_outperforms() -> None:
    outcome = outperforming(against_zero([1, 2, 3, 4, 5]))
    assert outcome.estimate == 1.0
    assert outcome.verdict == "undecided"
    assert outcome.p == outcome.least_p == 0.0625


def test_what_the_interval_says_is_the_verdict() -> None:
    assert outperforming(against_zero([1.0] * 10)).verdict == "outperforms"
    assert outperforming(against_zero([-1.0] * 10)).verdict == "outperformed"
    # 60% of a thousand: surely more than half, and surely less than three quarters.
    assert outperforming(against_zero([1.0] * 600 + [-1.0] * 400)).verdict == "better, but not often enough to matter"
    assert outperforming(against_zero([1.0] * 400 + [-1.0] * 600)).verdict == "worse, but not often enough to matter"


def test_a_tie_is_half_a_win_and_no_evidence() -> None:
    outcome = outperforming(against_zero([1.0, 0.0, 0.0, -1.0]))
    assert outcome.estimate == 0.5
    assert outcome.p == 1.0
    assert outcome.least_p == 0.5
    assert "2 of 4 pairs tie" in outcome.note


def test_the_interval_of_dz_comes_from_the_noncentral_t_distribution() -> None:
    differences = [1.2, -0.3, 0.8, 2.1, 0.4, 1.0]
    outcome = dz(against_zero(differences))
    t = np.mean(differences) / (np.std(differences, ddof=1) / np.sqrt(6))
    ends = [optimize.brentq(lambda nc, p=p: stats.nct.cdf(t, 5, nc) - p, -10, 20) / np.sqrt(6) for p in (0.975, 0.025)]
    assert outcome.estimate == pytest.approx(t / np.sqrt(6))
    assert (outcome.low, outcome.high) == pytest.approx(tuple(ends), abs=1e-6)


def test_cliffs_delta_counts_all_pairs_of_runs() -> None:
    first, second = np.array([3.0, 5.0, 4.0]), np.array([4.0, 2.0, 1.0])
    expected = np.mean([np.sign(a - b) for a in first for b in second])
    outcome = cliffs_delta(Replicates(first, second))
    assert outcome.estimate == pytest.approx(expected)
    assert -1 < outcome.low < expected < outcome.high < 1


def test_cliffs_delta_of_separate_arms_still_has_an_interval() -> None:
    outcome = cliffs_delta(against_zero([1, 2, 3, 4, 5]))
    assert outcome.estimate == 1.0
    assert outcome.low < 0.9
    assert outcome.high == pytest.approx(1.0)


def test_newcombe_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    area = float(stats.norm.cdf(1 / np.sqrt(2)))
    hits = 0
    for _ in range(400):
        first, second = rng.normal(1, 1, 10), rng.normal(0, 1, 10)
        low, high = newcombe(float((first[:, None] > second).mean()), 10, 10)
        hits += low <= area <= high
    assert 0.92 <= hits / 400 <= 0.985


def test_equivalence_is_two_one_sided_t_tests() -> None:
    differences = np.random.default_rng(0).normal(0.1, 0.5, 12)
    outcome = equivalence(Replicates(differences, np.zeros(12)), 0.6)
    above = stats.ttest_1samp(differences, -0.6, alternative="greater").pvalue
    below = stats.ttest_1samp(differences, 0.6, alternative="less").pvalue
    assert outcome.p == pytest.approx(max(above, below))
    interval = stats.ttest_1samp(differences, 0).confidence_interval(0.9)
    assert (outcome.low, outcome.high) == pytest.approx((interval.low, interval.high))
    assert outcome.verdict == "equivalent"  # as the interval lies within the margin
    assert equivalence(Replicates(differences, np.zeros(12)), 0.3).verdict == "not shown to be equivalent"


def test_no_difference_is_not_equivalence() -> None:
    outcome = equivalence(against_zero([8.0, -9.0, 1.0]), 1.0)
    assert outcome.p > 0.05
    assert outcome.verdict == "not shown to be equivalent"
    assert equivalence(against_zero([0.1]), 1.0).verdict == "undecided"
    assert "no spread" in equivalence(against_zero([0.1, 0.1]), 1.0).note


@pytest.mark.parametrize(
    "test", [cliffs_delta, outperforming, wilcoxon, dz, primary_test, lambda pairs: equivalence(pairs, 1.0)]
)
def test_values_that_are_equal_but_for_the_noise_of_floats_tie(test: Callable[[Replicates], TestResult]) -> None:
    exact = np.array([97.79302670623146, 98.0, 98.1, 90.0, 95.0]), np.array([97.79302670623146, 97.0, 97.5, 90.0, 96.0])
    noise = np.array([2e-14, 0, 0, -3e-14, 1e-14])
    assert repr(test(Replicates(exact[0] + noise, exact[1]))) == repr(test(Replicates(*exact)))  # NaN is not NaN


def test_equal_values_share_their_rank_and_have_no_spread_but_for_the_noise_of_floats() -> None:
    noisy = np.array([97.79302670623146, 97.79302670623144])
    assert rank([noisy, [90, 91]]).mean_ranks.tolist() == [1.75, 1.25]
    assert {result.note for result in compare_epochs(noisy, noisy)} == {"no spread in either arm: no test"}
