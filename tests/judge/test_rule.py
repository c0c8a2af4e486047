"""The rule for verdicts has the properties that docs/verdicts.md promises."""

from dataclasses import replace
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medattn.config.models.verdicts import VerdictRule
from medattn.judge.rule import PairedDifference, RunSummary, judge_count, judge_higher, judge_number, judge_same

RULE = VerdictRule()
ORDER = {"reproduced": 0, "inconclusive": 0, "not reproduced": 1}

means = st.floats(20, 80)
spreads = st.floats(0, 3)
counts = st.integers(3, 30)
distances = st.floats(0, 20)


@given(means, spreads, counts, distances, distances)
def test_a_published_value_further_away_is_never_judged_better(mean, spread, n, near, further):
    measured = RunSummary(mean, spread, n)
    near, further = sorted([near, further])
    first, second = (judge_number(mean + distance, 0.005, measured, RULE) for distance in (near, further))
    assert ORDER[first.verdict] <= ORDER[second.verdict]


@given(means, spreads, counts, distances)
def test_above_and_below_are_judged_alike(mean, spread, n, distance):
    measured = RunSummary(mean, spread, n)
    above, below = (judge_number(mean + d, 0.005, measured, RULE) for d in (distance, -distance))
    assert above.verdict == below.verdict


@given(means, spreads, counts, distances, st.integers(20, 10_000))
def test_unknown_test_images_widen_the_interval_and_refute_less(mean, spread, n, distance, images):
    same, drawn = RunSummary(mean, spread, n), RunSummary(mean, spread, n, images)
    first, second = (judge_number(mean + distance, 0.005, measured, RULE) for measured in (same, drawn))
    assert second.low <= first.low and first.high <= second.high
    assert ORDER[second.verdict] <= ORDER[first.verdict]


@given(means, spreads, counts)
def test_the_measured_mean_itself_is_never_refuted(mean, spread, n):
    assert judge_number(mean, 0.005, RunSummary(mean, spread, n), RULE).verdict != "not reproduced"


def test_the_interval_holds_a_further_repetition_as_often_as_it_says():
    rng = np.random.default_rng(0)
    runs = rng.normal(70, 2, (2000, 6))
    rule = VerdictRule(margin=0, max_half_width=100)
    verdicts = [
        judge_number(one[5], 0.0, RunSummary(one[:5].mean(), one[:5].std(ddof=1), 5), rule).verdict for one in runs
    ]
    assert verdicts.count("reproduced") / len(verdicts) == pytest.approx(0.95, abs=0.015)


def test_too_few_runs_and_too_wide_an_interval_decide_nothing_for_a_number():
    few = judge_number(70, 0.005, RunSummary(70, 0.1, 2), RULE)
    assert (few.verdict, few.reason) == ("inconclusive", "2 runs, 3 are needed")
    wide = judge_number(71, 0.005, RunSummary(70, 4, 5), RULE)
    assert wide.verdict == "inconclusive" and "more than 5" in wide.reason
    assert judge_number(99, 0.005, RunSummary(70, 4, 5), RULE).verdict == "not reproduced"
    assert judge_number(70, 0.005, RunSummary(70, nan, 5), RULE).verdict == "inconclusive"


def test_one_run_is_enough_where_every_run_gives_the_same():
    measured = RunSummary(70, nan, 1, is_deterministic=True)
    assert judge_number(70.4, 0.005, measured, RULE).verdict == "reproduced"
    assert judge_number(71, 0.005, measured, RULE).verdict == "not reproduced"
    assert judge_number(71, 0.005, replace(measured, images=1000), RULE).verdict == "reproduced"


def test_rounding_and_margin_are_no_difference():
    exact = RunSummary(70, 0, 5)
    rule = VerdictRule(margin=0)
    assert judge_number(70.004, 0.005, exact, rule).verdict == "reproduced"
    assert judge_number(70.4, 0.005, exact, rule).verdict == "not reproduced"
    assert judge_number(70.4, 0.005, exact, RULE).verdict == "reproduced"


def difference(low: float, high: float, p: float = 0.01, n: int = 8) -> PairedDifference:
    return PairedDifference((low + high) / 2, low, high, n, p)


@pytest.mark.parametrize(
    ("found", "least", "most", "verdict"),
    [
        (difference(1, 3), 0, None, "reproduced"),
        (difference(1, 3, p=0.2), 0, None, "inconclusive"),
        (difference(-3, -1), 0, None, "not reproduced"),
        (difference(-1, 3, p=0.4), 0, None, "inconclusive"),
        (difference(-0.3, 0.4, p=0.9), 0, None, "not reproduced"),
        (difference(3, 5), 2.25, None, "reproduced"),
        (difference(1, 5), 2.25, None, "inconclusive"),
        (difference(0.6, 2), 2.25, None, "not reproduced"),
        (difference(3, 5), 3.65, 3.65, "reproduced"),
        (difference(4, 5), 3.65, 3.65, "not reproduced"),
        (difference(1, 3, n=2), 0, None, "inconclusive"),
        (difference(-20, 40, p=0.01), 3, 4, "inconclusive"),
    ],
)
def test_verdicts_on_differences(found, least, most, verdict):
    assert judge_higher(found, RULE, least, most).verdict == verdict


@given(st.floats(-10, 10), st.floats(0.01, 5), st.floats(0, 1), st.floats(0, 8), st.floats(0, 8))
def test_a_larger_stated_difference_is_never_easier_to_reproduce(mean, reach, p, least, more):
    found = PairedDifference(mean, mean - reach, mean + reach, 8, p)
    least, more = sorted([least, more])
    if judge_higher(found, RULE, more).verdict == "reproduced":
        assert judge_higher(found, RULE, least).verdict == "reproduced"


@given(st.floats(-10, 10), st.floats(0.01, 5), st.floats(0, 1))
def test_better_and_worse_are_never_both_reproduced(mean, reach, p):
    found = PairedDifference(mean, mean - reach, mean + reach, 8, p)
    other = PairedDifference(-mean, -mean - reach, -mean + reach, 8, p)
    assert [judge_higher(one, RULE).verdict for one in (found, other)].count("reproduced") <= 1
    assert judge_same(found, RULE).verdict == judge_same(other, RULE).verdict


def test_no_difference_must_be_shown_and_not_only_be_missed():
    assert judge_same(difference(-0.2, 0.3, p=0.5), RULE).verdict == "reproduced"
    assert judge_same(difference(-2, 3, p=0.5), RULE).verdict == "inconclusive"
    assert judge_same(difference(1, 3), RULE).verdict == "not reproduced"


def test_counts_are_exact():
    assert judge_count(True, "").verdict == "reproduced"
    judged = judge_count(False, "off")
    assert (judged.verdict, judged.reason) == ("not reproduced", "off") and isnan(judged.p)
