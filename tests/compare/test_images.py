"""Two given models on the same images: McNemar, DeLong, the bootstrap."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from medattn.compare.delong import auc_components, delong
from medattn.compare.image_bootstrap import RESAMPLES, bootstrap, resample
from medattn.compare.mcnemar import mcnemar
from medattn.compare.test_result import TestResult
from medattn.metrics.evaluate import measure, measure_resamples
from medattn.metrics.registry import METRICS
from medattn.metrics.scored import Scored

# The 43 patients with ovarian cancer of DeLong, DeLong and Clarke-Pearson (1988), as the SAS documentation prints them:
# albumin, total protein, K-G score (the higher, the worse), whether the patient benefits from surgery.
OVARIAN = """
3.0 5.8 10 0, 3.2 6.3 5 1, 3.9 6.8 3 1, 2.8 4.8 6 0, 3.2 5.8 3 1, 0.9 4.0 5 0, 2.5 5.7 8 0, 1.6 5.6 5 1,
3.8 5.7 5 1, 3.7 6.7 6 1, 3.2 5.4 4 1, 3.8 6.6 6 1, 4.1 6.6 5 1, 3.6 5.7 5 1, 4.3 7.0 4 1, 3.6 6.7 4 0,
2.3 4.4 6 1, 4.2 7.6 4 0, 4.0 6.6 6 0, 3.5 5.8 6 1, 3.8 6.8 7 1, 3.0 4.7 8 0, 4.5 7.4 5 1, 3.7 7.4 5 1,
3.1 6.6 6 1, 4.1 8.2 6 1, 4.3 7.0 5 1, 4.3 6.5 4 1, 3.2 5.1 5 1, 2.6 4.7 6 1, 3.3 6.8 6 0, 1.7 4.0 7 0,
3.7 6.1 5 1, 3.3 6.3 7 1, 4.2 7.7 6 1, 3.5 6.2 5 1, 2.9 5.7 9 0, 2.1 4.8 7 1, 2.8 6.2 8 0, 4.0 7.0 7 1,
3.3 5.7 6 1, 3.7 6.9 5 1, 3.6 6.6 5 1
"""


def ovarian() -> np.ndarray:
    return np.array([[float(value) for value in row.split()] for row in OVARIAN.strip().split(",")])


def binary(score: np.ndarray) -> np.ndarray:
    return np.stack([-score, score], axis=1)


def of_models(first: np.ndarray, second: np.ndarray, labels: np.ndarray) -> TestResult:
    return delong(auc_components(first, labels), auc_components(second, labels), labels)


def test_mcnemar_on_agrestis_example() -> None:
    # Agresti, Categorical data analysis: approval of the prime minister, 86 and 150 of 1600 changed their minds.
    first = np.repeat([True, True, False, False], [794, 150, 86, 570])
    second = np.repeat([True, False, True, False], [794, 150, 86, 570])
    outcome = mcnemar(first, second)
    assert outcome.difference == pytest.approx(100 * (150 - 86) / 1600)
    assert outcome.p == pytest.approx(stats.binomtest(86, 236).pvalue)
    assert stats.norm.isf(outcome.p / 2) == pytest.approx(4.17, abs=0.06)  # his z; p here is exact
    assert "150 and 86 images" in outcome.note
    assert mcnemar(first, first).p == 1.0


def test_delong_on_their_own_data() -> None:
    data = ovarian()
    labels = data[:, 3].astype(int)
    albumin, protein, score = binary(data[:, 0]), binary(data[:, 1]), binary(-data[:, 2])
    # As published by SAS: area and standard error of each, and p of the differences from the K-G score.
    for scores, area, error in ((albumin, 0.7366, 0.0927), (protein, 0.6478, 0.1000), (score, 0.7258, 0.1028)):
        found = auc_components(scores, labels)
        variance = sum((labels == k).sum() * found.shares[labels == k].var(ddof=1) for k in (0, 1))
        assert found.auc == pytest.approx(area, abs=5e-5)
        assert np.sqrt(variance) == pytest.approx(error, abs=5e-5)
    assert of_models(albumin, score, labels).p == pytest.approx(0.9102, abs=5e-5)
    assert of_models(protein, score, labels).p == pytest.approx(0.4561, abs=5e-5)


def test_delong_against_all_pairs_one_by_one() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 60)
    first = np.round(rng.normal(labels, 1.0), 1)  # with ties
    second = np.round(rng.normal(labels, 1.5), 1)
    kernels = [np.sign(s[labels == 1][:, None] - s[labels == 0]) / 2 + 0.5 for s in (first, second)]
    rows, columns = (np.cov([k.mean(axis=axis) for k in kernels]) for axis in (1, 0))
    covariance = rows / (labels == 1).sum() + columns / (labels == 0).sum()
    difference = kernels[0].mean() - kernels[1].mean()
    error = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    outcome = of_models(binary(first), binary(second), labels)
    assert outcome.difference == pytest.approx(100 * difference)
    assert (outcome.high - outcome.low) / 2 == pytest.approx(100 * 1.959964 * error)
    assert outcome.p == pytest.approx(2 * stats.norm.sf(abs(difference) / error))


def test_delong_of_several_classes_agrees_with_the_bootstrap() -> None:
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1, 2], [150, 80, 40])
    scores = [rng.normal(0, 1, (270, 3)) + size * np.eye(3)[labels] for size in (1.0, 0.8)]
    outcome = of_models(*scores, labels)
    areas = [100 * np.mean([roc_auc_score(labels == k, s[:, k]) for k in range(3)]) for s in scores]
    assert outcome.difference == pytest.approx(areas[0] - areas[1])
    weights = resample(labels, None, "some images")
    values = [measure_resamples("auc", Scored(s, labels, "abc"), weights)[""] for s in scores]
    assert (outcome.high - outcome.low) / 3.92 == pytest.approx(np.std(values[0] - values[1]), rel=0.1)


def test_a_bootstrap_draws_within_classes_and_whole_patients() -> None:
    labels = np.repeat([0, 1], [30, 10])
    weights = resample(labels, None, "images")
    assert weights.shape == (40, 1 + RESAMPLES)
    assert (weights[:, 0] == 1).all()
    assert set(weights[labels == 0].sum(axis=0)) == {30.0}
    assert set(weights[labels == 1].sum(axis=0)) == {10.0}
    assert weights.mean() == pytest.approx(1.0, abs=0.02)
    patients = [f"p{number // 2}" for number in range(40)]
    by_patient = resample(labels, patients, "images")
    np.testing.assert_array_equal(by_patient[::2], by_patient[1::2])
    np.testing.assert_array_equal(weights, resample(labels, None, "images"))
    assert not np.array_equal(weights, resample(labels, None, "other images"))


@pytest.mark.parametrize("metric", [name for name, facts in METRICS.items() if facts.measured])
@pytest.mark.parametrize("classes", [2, 4])
def test_a_resample_is_measured_as_its_images_are(metric: str, classes: int) -> None:
    rng = np.random.default_rng(classes)
    labels = rng.integers(0, classes, 50)
    scores = rng.dirichlet(np.ones(classes), 50).round(2)  # with ties
    scores /= scores.sum(axis=1, keepdims=True)
    names = "abcd"[:classes]
    weights = resample(labels, None, metric)[:, :20]
    values = measure_resamples(metric, Scored(scores, labels, names), weights)
    for number in range(weights.shape[1]):
        taken = np.repeat(np.arange(50), weights[:, number].astype(int))
        for expected in measure(metric, Scored(scores[taken], labels[taken], names)):
            assert values[expected.class_name][number] == pytest.approx(expected.value, nan_ok=True)


def test_the_interval_and_p_of_a_bootstrap() -> None:
    rng = np.random.default_rng(0)
    differences = rng.normal(2.0, 1.0, RESAMPLES)
    outcome = bootstrap(np.concatenate([[82.0], 80 + differences]), np.full(1 + RESAMPLES, 80.0), 100, "")
    assert outcome.difference == 2.0
    assert (outcome.low, outcome.high) == pytest.approx(tuple(np.percentile(differences, [2.5, 97.5])))
    assert outcome.p == pytest.approx(2 * ((differences <= 0).sum() + 1) / (RESAMPLES + 1))
    assert outcome.least_p == 2 / (RESAMPLES + 1)
    same = np.full(1 + RESAMPLES, 80.0)
    assert bootstrap(same, same, 100, "").p == 1.0
    assert "undefined in 1 resamples" in bootstrap(np.append(same, np.nan), np.append(same, 0.0), 100, "").note
