"""The paired t-test over runs, and the permutation test where differences are degenerate."""

import numpy as np
import pytest
from scipy import stats

from medattn.compare.primary_test import PRIMARY_TEST, primary_test
from medattn.compare.replicates import Replicates, pair_up


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


@pytest.mark.parametrize(("n", "at_1_sd", "at_2_sd"), [(5, 0.3, 0.8), (10, 0.7, 0.98)])
def test_the_primary_test_finds_a_planted_effect(n: int, at_1_sd: float, at_2_sd: float) -> None:
    drawn = np.random.default_rng(16).normal(0, 1, (SIMULATED, n))
    for effect, least in ((1.0, at_1_sd), (2.0, at_2_sd)):
        found = np.mean([primary_test(against_zero(row + effect)).p < 0.05 for row in drawn])
        freedom, noncentrality = n - 1, effect * np.sqrt(n)
        critical = stats.t.ppf(0.975, freedom)
        power = stats.nct.sf(critical, freedom, noncentrality) + stats.nct.cdf(-critical, freedom, noncentrality)
        assert found == pytest.approx(power, abs=0.08)
        assert found > least
