"""The paired t-test over runs, and the permutation test where differences are degenerate."""

import numpy as np
import pytest
from scipy import stats

from medattn.compare.primary_test import primary_p, primary_test
from medattn.compare.replicates import Replicates, pair_up
from medattn.compare.skewness import FEW_PAIRS
from medattn.compare.test_result import PRIMARY_TEST
from medattn.power.paired_t import power_of_difference


def against_zero(differences: list[float]) -> Replicates:
    return Replicates(np.array(differences, dtype=float), np.zeros(len(differences)))


def test_p_and_interval_are_those_of_scipys_paired_t_test() -> None:
    first, second = np.array([80.0, 82.0, 81.0, 85.0, 79.5]), np.array([78.0, 81.5, 79.0, 80.0, 80.5])
    outcome = primary_test(Replicates(first, second))
    expected = stats.ttest_rel(first, second)
    interval = expected.confidence_interval(0.95)
    assert outcome.test == PRIMARY_TEST == "t_test"
    assert outcome.p == pytest.approx(expected.pvalue)
    assert (outcome.low, outcome.high) == pytest.approx((interval.low, interval.high))
    assert outcome.difference == pytest.approx(1.7)
    assert np.isnan(outcome.least_p), "a t-test has no least p"


def test_five_runs_can_be_significant() -> None:
    assert primary_test(against_zero([1.0, 1.2, 0.9, 1.1, 1.3])).p < 0.001


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([0.0, 0.0, 0.0], 1.0),  # equal arms
        ([2.5, 2.5, 2.5], 0.25),  # 2 of the 8 sign patterns
        ([2.5] * 6, 2 / 64),
        ([1.0, 2.0, 2.0], 0.25),  # two distinct values
        ([1.0, -1.0, 1.0, -1.0], 1.0),
        ([3.0], 1.0),
        ([3.0, 4.0], 0.5),
    ],
)
def test_fewer_than_three_distinct_differences_are_left_to_the_permutation_test(
    differences: list[float], p: float
) -> None:
    outcome = primary_test(against_zero(differences))
    assert outcome.p == pytest.approx(p)
    assert outcome.least_p == 2.0 ** (1 - len(differences))
    assert "p of the permutation test" in outcome.note


def test_differences_that_only_rounding_separates_are_equal() -> None:
    first = np.array([84.6 + 0.1, 85.3 + 0.1, 86.1 + 0.1])
    outcome = primary_test(Replicates(first, first - 0.1 * 3))
    assert len(set(outcome.note.split())) > 1
    assert outcome.p == 0.25


def test_arms_without_a_common_seed_have_no_p() -> None:
    outcome = primary_test(pair_up({0: 1.0}, {1: 1.0}))
    assert outcome.n == 0
    assert np.isnan(outcome.p)
    assert "no seed in common" in outcome.note


SIMULATED = 400
DIFFERENCES = {
    "normal": lambda rng, shape: rng.normal(0, 1, shape),
    "heavy-tailed": lambda rng, shape: rng.standard_t(3, shape) / np.sqrt(3),
    "both arms skewed": lambda rng, shape: (rng.exponential(1, shape) - rng.exponential(1, shape)) / np.sqrt(2),
    "rounded": lambda rng, shape: np.subtract(*np.rint(rng.normal(0.3, np.sqrt(2), (2, *shape)))) / 2,
}


@pytest.mark.parametrize("n", [3, 5, 8, 10])
@pytest.mark.parametrize("kind", DIFFERENCES)
def test_the_primary_test_rejects_at_most_at_its_level(kind: str, n: int) -> None:
    drawn = DIFFERENCES[kind](np.random.default_rng([16, n]), (SIMULATED, n))
    rejected = sum(primary_test(against_zero(row)).p < 0.05 for row in drawn)
    interval = stats.binomtest(rejected, SIMULATED).proportion_ci(0.95)
    assert interval.low <= 0.05


ONE_ARM_SKEWED = {
    "exponential": lambda rng, shape: rng.exponential(1, shape) - 1,
    "mirrored": lambda rng, shape: 1 - rng.exponential(1, shape),
    "lognormal": lambda rng, shape: rng.lognormal(0, 0.5, shape) - np.exp(0.125),
    "slightly skewed": lambda rng, shape: rng.gamma(4, 1, shape) - 4,
}


@pytest.mark.parametrize("n", [8, 10, 20])
@pytest.mark.parametrize("kind", ONE_ARM_SKEWED)
def test_from_eight_pairs_on_skewed_differences_keep_the_level(kind: str, n: int) -> None:
    p = primary_p(ONE_ARM_SKEWED[kind](np.random.default_rng([18, n]), (2000, n)))
    assert stats.binomtest(int((p < 0.05).sum()), len(p)).proportion_ci(0.95).low <= 0.05


@pytest.mark.parametrize("n", [3, 5, 7, 8, 10, 20])
def test_the_interval_and_the_p_say_the_same(n: int) -> None:
    for row in np.random.default_rng(n).exponential(1, (200, n)) - 0.6:
        found = primary_test(against_zero(list(row)))
        assert (found.low > 0 or found.high < 0) == (found.p < 0.05)
        assert found.p == pytest.approx(primary_p(row[None])[0], rel=1e-6)


def test_fewer_than_eight_pairs_are_not_corrected_and_the_note_says_what_p_assumes() -> None:
    skewed = [0.1, 0.2, 0.3, 0.2, 0.15, 0.25, 9.0]
    few, enough = primary_test(against_zero(skewed)), primary_test(against_zero([*skewed, 0.12]))
    assert few.p == pytest.approx(stats.ttest_1samp(skewed, 0).pvalue)
    assert few.note == FEW_PAIRS and enough.note == ""
    mirrored = np.array([*skewed, 0.12]) - 4.0
    assert primary_p(mirrored[None])[0] > stats.ttest_1samp(mirrored, 0).pvalue, "the tail is on the other side of 0"


@pytest.mark.parametrize(("n", "at_1_sd", "at_2_sd"), [(5, 0.3, 0.8), (10, 0.62, 0.94), (20, 0.95, 0.99)])
def test_the_primary_test_finds_a_planted_effect(n: int, at_1_sd: float, at_2_sd: float) -> None:
    drawn = np.random.default_rng(16).normal(0, 1, (SIMULATED, n))
    for effect, least in ((1.0, at_1_sd), (2.0, at_2_sd)):
        found = np.mean(primary_p(drawn + effect) < 0.05)
        assert found == pytest.approx(power_of_difference(effect, n, 0.05), abs=0.08)
        assert found > least
