from itertools import product

import numpy as np
import pytest
from scipy import stats

from medattn.compare.replicates import Replicates
from medattn.compare.wilcoxon import wilcoxon

# Hollander and Wolfe, Nonparametric statistical methods, 1973, p. 29: depression before and after therapy. R's help of
# wilcox.test has it as its example; there V = 40 and the one-sided p is 0.01953.
BEFORE = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30])
AFTER = np.array([0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29])


def test_the_example_of_hollander_and_wolfe() -> None:
    outcome = wilcoxon(Replicates(BEFORE, AFTER))
    assert outcome.p == pytest.approx(2 * 0.01953, abs=1e-5)
    ranks = 9 * 10 / 2
    assert outcome.effect == pytest.approx((40 - (ranks - 40)) / ranks)
    assert outcome.estimate == pytest.approx(0.46)  # their Hodges-Lehmann estimate
    assert outcome.low < outcome.estimate < outcome.high


def test_as_in_scipy_without_ties() -> None:
    rng = np.random.default_rng(1)
    for n in (3, 6, 12):
        first, second = rng.normal(0.4, 1, n), rng.normal(0, 1, n)
        expected = stats.wilcoxon(first, second, method="exact")
        assert wilcoxon(Replicates(first, second)).p == pytest.approx(expected.pvalue)


def test_exact_also_with_ties() -> None:
    differences = np.array([1.0, 1.0, -1.0, 2.0, 3.0])
    sizes = stats.rankdata(np.abs(differences))
    observed = (np.sign(differences) * sizes).sum()
    every = [abs(np.dot(signs, sizes)) for signs in product([1, -1], repeat=5)]
    outcome = wilcoxon(Replicates(differences, np.zeros(5)))
    assert outcome.p == pytest.approx(np.mean(np.array(every) >= abs(observed)))


def test_pairs_without_a_difference_are_dropped_and_named() -> None:
    outcome = wilcoxon(Replicates(np.array([1.0, 2.0, 3.0, 0.0]), np.zeros(4)))
    assert outcome.p == outcome.least_p == 0.25
    assert "1 of 4 pairs have no difference" in outcome.note
    assert wilcoxon(Replicates(np.ones(3), np.ones(3))).p == 1.0


def test_five_pairs_have_no_interval() -> None:
    outcome = wilcoxon(Replicates(np.arange(1.0, 6.0), np.zeros(5)))
    assert (outcome.p, outcome.least_p) == (0.0625, 0.0625)
    assert np.isnan(outcome.low)
    assert "too few pairs" in outcome.note


def test_the_interval_holds_what_the_test_does_not_reject() -> None:
    differences = np.random.default_rng(3).normal(1, 1, 12)
    outcome = wilcoxon(Replicates(differences, np.zeros(12)))
    for shift, rejected in ((outcome.low - 1e-6, True), (outcome.low + 1e-6, False), (outcome.high + 1e-6, True)):
        assert (wilcoxon(Replicates(differences, np.full(12, shift))).p <= 0.05) is rejected
