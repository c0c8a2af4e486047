"""Pooling over data sets: agreement with published and independent computations, error rates, and power."""

from math import isnan, sqrt

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq

from medattn.answer.dataset_effects import DatasetEffect
from medattn.answer.pooled import PooledEffect, moderated_variances, pool

# BCG vaccine against tuberculosis, 13 trials (Colditz et al. 1994; dat.bcg of the R package metafor): cases and
# non-cases among the vaccinated, then among the others.
BCG = np.array(
    [
        (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761),
        (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232),
        (17, 1699, 65, 1600), (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825),
    ]
)  # fmt: skip
NULLS, LEVEL = 400, 0.05


def log_risk_ratios() -> tuple[np.ndarray, np.ndarray]:
    a, b, c, d = BCG.T
    return np.log(a / (a + b)) - np.log(c / (c + d)), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


def smoothed_variances() -> np.ndarray:
    """Return the variances that Berkey et al. 1995 use: event rates are averaged over the trials."""
    a, b, c, d = BCG.T
    variances: np.ndarray = (b / a).mean() / (a + b) + (d / c).mean() / (c + d)
    return variances


def test_the_bcg_example_gives_the_published_digits() -> None:
    """Berkey et al. 1995, p. 408, and metafor (empirical Bayes, which is the estimator of Paule and Mandel)."""
    effects, variances = log_risk_ratios()
    assert f"{pool(effects, variances).q:.4f}" == "152.2330", "metafor, dat.bcg"
    pooled = pool(effects, smoothed_variances())
    shown = [f"{value:.4f}" for value in (pooled.difference, pooled.error, pooled.tau2)]
    assert shown == ["-0.5429", "0.1842", "0.2682"]


def test_the_clasp_example_gives_the_published_digits() -> None:
    """DerSimonian and Kacker 2007, Tables 3 and 4, and metafor (method PM)."""
    treated, controls = np.array([156, 303, 565, 1570, 103, 4659]), np.array([74, 303, 477, 1565, 105, 4650])
    a, c = np.array([5, 5, 12, 69, 9, 313]), np.array([8, 17, 9, 94, 11, 352])
    b, d = treated - a, controls - c
    pooled = pool(np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d)
    assert [f"{value:.4f}" for value in (sqrt(pooled.tau2), pooled.difference)] == ["0.3681", "-0.3811"]
    assert f"{pooled.error:.4f}" == "0.2060"


def test_pooling_equals_a_computation_by_hand() -> None:
    effects, variances = log_risk_ratios()
    k = len(effects)

    def mean(tau2: float) -> float:
        weights = 1 / (variances + tau2)
        return float((weights * effects).sum() / weights.sum())

    def excess(tau2: float) -> float:
        return float(((effects - mean(tau2)) ** 2 / (variances + tau2)).sum()) - (k - 1)

    tau2 = brentq(excess, 0, 10, xtol=1e-13)
    weights = 1 / (variances + tau2)
    error = sqrt(float((weights * (effects - mean(tau2)) ** 2).sum()) / (k - 1) / float(weights.sum()))
    pooled = pool(effects, variances)
    assert pooled.tau2 == pytest.approx(tau2, rel=1e-6)
    assert (pooled.low, pooled.high) == pytest.approx(stats.t.interval(0.95, k - 1, mean(tau2), error), rel=1e-6)
    assert pooled.p == pytest.approx(2 * stats.t.sf(abs(mean(tau2) / error), k - 1), rel=1e-5)
    predicted = stats.t.interval(0.95, k - 2, mean(tau2), sqrt(tau2 + error**2))
    assert (pooled.prediction_low, pooled.prediction_high) == pytest.approx(predicted, rel=1e-6)
    assert pooled.q_p == pytest.approx(stats.chi2.sf(pooled.q, k - 1))


def test_agreeing_data_sets_do_not_narrow_the_interval() -> None:
    """Three equal effects: without the bound, the Hartung-Knapp interval would have no width."""
    pooled = pool([1.0, 1.0, 1.0], [0.3, 0.3, 0.3])
    assert pooled.tau2 == pytest.approx(0, abs=1e-9) and pooled.i2 == 0
    assert pooled.high - pooled.difference == pytest.approx(stats.t.ppf(0.975, 2) * sqrt(0.1))


def test_two_data_sets_give_no_prediction_and_no_variance_gives_no_interval() -> None:
    pooled = pool([1.0, 2.0], [0.1, 0.1])
    assert isnan(pooled.prediction_low) and not isnan(pooled.low)
    assert isnan(pool([1.0, 2.0], [0.0, 0.1]).low)


def test_a_variance_that_is_small_by_chance_gets_no_overwhelming_weight() -> None:
    moderated = moderated_variances([0.01, 1.0, 2.0], [3, 3, 3])
    assert moderated == pytest.approx([(2 * v + 4 * 3.01 / 3) / 6 / 3 for v in (0.01, 1.0, 2.0)])
    assert moderated.max() < 2 * moderated.min()


def rejections(effect: float, datasets: int, seeds: int, between: float, step: float = 0.0) -> int:
    """Count the nulls, or the planted effects, among 400 that the pooled effect rejects at 5%.

    The SD between seeds differs from data set to data set by up to a factor of 4; its mean is 1.
    """
    random = np.random.default_rng([datasets, seeds, int(10 * between)])
    found = 0
    for _ in range(NULLS):
        spreads = np.exp(random.uniform(-np.log(2), np.log(2), (datasets, 1)))
        means = effect + between * random.normal(size=(datasets, 1))
        made = means + spreads * random.normal(size=(datasets, seeds))
        if step:
            made = np.round(made / step) * step
        effects = [DatasetEffect(str(n), tuple(range(seeds)), row, step**2 / 6, 1) for n, row in enumerate(made)]
        variances = moderated_variances([one.variance for one in effects], [one.n for one in effects])
        found += pool([one.mean for one in effects], list(variances)).p < LEVEL
    return found


@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize(("datasets", "between"), [(2, 0.0), (3, 0.0), (3, 1.0), (6, 0.0), (6, 1.0), (12, 1.0)])
def test_simulated_nulls_are_rejected_at_most_at_the_nominal_rate(seeds: int, datasets: int, between: float) -> None:
    found = rejections(0.0, datasets, seeds, between)
    assert stats.binomtest(found, NULLS).proportion_ci().low <= LEVEL


def test_scores_of_few_images_keep_the_rate() -> None:
    found = rejections(0.0, 3, 3, 0.5, step=100 / 156)
    assert stats.binomtest(found, NULLS).proportion_ci().low <= LEVEL


@pytest.mark.parametrize(
    ("effect", "datasets", "seeds", "least"),
    [(1.0, 6, 5, 0.9), (1.0, 3, 20, 0.9), (2.0, 3, 10, 0.9), (2.0, 6, 3, 0.95)],
)
def test_planted_effects_are_found(effect: float, datasets: int, seeds: int, least: float) -> None:
    assert rejections(effect, datasets, seeds, 0.0) >= least * NULLS


def test_intervals_end_where_differences_end():
    cut = PooledEffect(90.0, low=-142.5, high=163.7, prediction_low=float("nan"), prediction_high=120.0).within(100.0)
    assert (cut.low, cut.high, cut.prediction_high) == (-100.0, 100.0, 100.0)
    assert cut.prediction_low != cut.prediction_low
