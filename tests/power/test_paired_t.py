"""Power of the primary test, against statsmodels, scipy.stats and simulations."""

from math import inf, isnan, sqrt

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from medattn.compare.primary_test import primary_p
from medattn.compare.skewness import interval_of_mean
from medattn.power.average_power import Design
from medattn.power.paired_t import (
    power_of_difference,
    power_of_equivalence,
    smallest_effect,
    upper_sd,
)


@pytest.mark.parametrize("seeds", [3, 5, 7])
@pytest.mark.parametrize("effect", [0.0, 0.3, 1.0, 2.5, 8.0])
@pytest.mark.parametrize("alpha", [0.05, 0.05 / 3, 0.05 / 48])
def test_with_few_seeds_the_power_is_that_of_the_t_test_by_statsmodels(seeds, effect, alpha):
    expected = TTestPower().power(effect, seeds, alpha)
    if not isnan(expected):
        assert power_of_difference(effect, seeds, alpha) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seeds", [8, 10, 20, 100])
@pytest.mark.parametrize("alpha", [0.05, 0.05 / 3])
def test_with_more_seeds_the_power_is_that_of_the_primary_test_in_a_simulation(seeds, alpha):
    normal = np.random.default_rng(seeds).normal(0, 1, (4000, seeds))
    for shift in (0.0, 2.0, 3.5):
        effect = shift / sqrt(seeds)
        found = (primary_p(normal + effect) < alpha).mean()
        assert power_of_difference(effect, seeds, alpha) == pytest.approx(found, abs=0.025)


@pytest.mark.parametrize(("seeds", "alpha"), [(3, 0.05), (5, 0.05 / 3), (10, 0.05 / 3), (20, 0.05 / 16)])
def test_the_smallest_effect_has_80_percent_power(seeds, alpha):
    assert power_of_difference(smallest_effect(seeds, alpha), seeds, alpha) == pytest.approx(0.8, abs=1e-6)


@pytest.mark.parametrize("effect", [0.4, 1.0, 2.0])
def test_the_seeds_for_a_difference_are_the_fewest(effect):
    found = int(Design().seeds_for_difference(effect, 0.05, 1000))
    assert power_of_difference(effect, found, 0.05) >= 0.8 > power_of_difference(effect, found - 1, 0.05)
    assert found >= TTestPower().solve_power(effect_size=effect, alpha=0.05, power=0.8)


def test_no_difference_and_a_small_one_need_more_seeds_than_there_are():
    assert Design().seeds_for_difference(0.0, 0.05, 1000) == inf
    assert Design().seeds_for_difference(0.1, 0.05, 100) == inf
    assert Design().seeds_for_equivalence(0.05, 0.05, 1000) == inf


@pytest.mark.parametrize(("margin", "seeds"), [(1.0, 10), (0.7, 20), (2.0, 5)])
def test_the_power_of_equivalence_is_that_of_a_simulation(margin, seeds):
    differences = np.random.default_rng(0).normal(0, 1, (2000, seeds))
    ends = np.array([interval_of_mean(row, 0.95) for row in differences])
    share = (np.abs(ends).max(axis=1) <= margin).mean()
    assert power_of_equivalence(margin, seeds, 0.05) == pytest.approx(share, abs=0.03)


def test_the_seeds_for_equivalence_are_the_fewest():
    seeds = int(Design().seeds_for_equivalence(0.5, 0.05, 1000))
    assert power_of_equivalence(0.5, seeds, 0.05) >= 0.8 > power_of_equivalence(0.5, seeds - 1, 0.05)


def test_the_upper_bound_of_the_sd_lies_above_the_truth_in_80_percent_of_samples():
    samples = np.random.default_rng(1).normal(0, 3, (4000, 5)).std(axis=1, ddof=1)
    above = np.mean([upper_sd(float(sd), 5) > 3 for sd in samples])
    assert above == pytest.approx(0.8, abs=0.02)
    assert upper_sd(2.0, 5) == pytest.approx(2.0 * sqrt(4 / stats.chi2.ppf(0.2, 4)))
    assert isnan(upper_sd(2.0, 1))
