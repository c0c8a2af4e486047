"""Differences of paired runs as the rule for verdicts sees them: correction, resolution of the images, bounds."""

from math import isnan

import numpy as np
import pytest
from scipy import stats

from medattn.compare.holm import holm
from medattn.config.models.verdicts import VerdictRule
from medattn.judge.paired import MeasuredPair, paired_differences
from medattn.judge.rule import RunSummary, judge_higher, judge_number, judge_same, resolved_spread
from medattn.measure.measured_cells import MeasuredMetric

RULE = VerdictRule()


def measured(values: list[float], images: int = 100_000) -> MeasuredMetric:
    return MeasuredMetric(by_seed=dict(enumerate(values)), n_test=images)


def pair(first: list[float], second: list[float], images: int = 100_000) -> MeasuredPair:
    return MeasuredPair(measured(first, images), measured(second, images))


PAIRS = [
    pair([80.0, 81.5, 82.0, 80.7], [79.0, 80.9, 80.1, 80.0]),
    pair([70.0, 71.0, 72.5, 71.1], [69.0, 70.8, 70.1, 71.0]),
]


def test_p_is_that_of_the_paired_t_test_corrected_over_the_pairs() -> None:
    raw = [stats.ttest_rel([*p.first.by_seed.values()], [*p.second.by_seed.values()]).pvalue for p in PAIRS]
    corrected = [difference.p for difference in paired_differences(PAIRS, correct=True)]
    assert corrected == pytest.approx(list(holm(raw)))
    uncorrected = [difference.p for difference in paired_differences(PAIRS, correct=False)]
    assert uncorrected == pytest.approx(raw)


def test_the_interval_is_the_t_interval_at_the_given_level() -> None:
    for confidence in (0.95, 0.99):
        found = paired_differences(PAIRS, correct=True, confidence=confidence)[0]
        differences = np.subtract([*PAIRS[0].first.by_seed.values()], [*PAIRS[0].second.by_seed.values()])
        expected = stats.ttest_1samp(differences, 0).confidence_interval(confidence)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
        assert found.spread == pytest.approx(differences.std(ddof=1))


def test_equal_differences_on_few_images_have_an_interval_of_one_image_resolution() -> None:
    (found,) = paired_differences([pair([85.0] * 3, [82.5] * 3, images=40)], correct=True)
    half = stats.t.ppf(0.975, 2) * (100 / 40 / 2) / np.sqrt(3)
    assert (found.low, found.high) == pytest.approx((2.5 - half, 2.5 + half))
    assert found.p == 0.25
    assert judge_higher(found, RULE).verdict == "inconclusive"
    assert judge_same(found, RULE).verdict == "inconclusive"
    (equal,) = paired_differences([pair([85.0] * 3, [85.0] * 3, images=40)], correct=True)
    assert equal.p == 1.0
    assert judge_same(equal, RULE).verdict == "inconclusive", "three equal runs on 40 images do not show equality"
    assert judge_higher(equal, RULE).verdict == "inconclusive"


def test_on_many_images_equal_runs_still_decide() -> None:
    (equal,) = paired_differences([pair([85.0] * 3, [85.0] * 3, images=10_000)], correct=True)
    assert judge_same(equal, RULE).verdict == "reproduced"
    assert equal.high < 0.02


def test_a_difference_of_percentages_is_at_most_100() -> None:
    (found,) = paired_differences([pair([99.0, 1.0], [1.0, 2.0])], correct=True)
    assert (found.low, found.high) == (-100.0, 100.0)
    kappa = MeasuredPair(measured([99.0, 1.0]), measured([1.0, 2.0]), least=-100.0)
    (found,) = paired_differences([kappa], correct=True)
    assert (found.low, found.high) == (-200.0, 200.0)


def test_a_single_pair_has_no_interval() -> None:
    (found,) = paired_differences([pair([80.0], [79.0])], correct=True)
    assert isnan(found.low) and isnan(found.high) and isnan(found.spread)
    assert judge_higher(found, RULE).verdict == "inconclusive"


def test_three_equal_runs_of_40_images_decide_nothing() -> None:
    for published in (85.0, 87.5, 90.0):
        judged = judge_number(published, 0.005, RunSummary(85.0, 0.0, 3, step=100 / 40), RULE)
        assert judged.verdict == "inconclusive"
    assert judge_number(85.0, 0.005, RunSummary(85.0, 0.0, 3, step=100 / 10_000), RULE).verdict == "reproduced"


def test_the_resolution_changes_nothing_where_runs_differ_by_more() -> None:
    assert resolved_spread(1.9, 100 / 156) == 1.9
    with_images = judge_number(72.0, 0.005, RunSummary(70.0, 1.2, 5, step=100 / 156), RULE)
    assert with_images == judge_number(72.0, 0.005, RunSummary(70.0, 1.2, 5), RULE)


def test_half_an_image_is_the_largest_spread_between_two_neighboring_counts() -> None:
    shares = np.linspace(0, 1, 101)
    assert max(np.sqrt(shares * (1 - shares))) * 2.5 == pytest.approx(resolved_spread(0.0, 2.5))


@pytest.mark.parametrize(("mean", "least"), [(98.5, 0.0), (1.5, 0.0), (-98.5, -100.0)])
def test_an_interval_ends_where_the_values_end(mean: float, least: float) -> None:
    judged = judge_number(mean, 0.005, RunSummary(mean, 1.5, 3, least=least, greatest=100.0), RULE)
    assert least <= judged.low < judged.high <= 100.0
    assert judged.low == least or judged.high == 100.0
    free = judge_number(mean, 0.005, RunSummary(mean, 1.5, 3), RULE)
    assert judged.verdict == free.verdict
