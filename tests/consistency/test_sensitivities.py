"""Sensitivity of statements: independent measurements, answers behind accuracies, and leads in images."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from medattn.consistency.checks import effective_size, leads, mcnemar

from .conftest import line

BETTER = {"statements": [{"says": "a is better", "higher": {"arm": ["a"]}, "lower": {"arm": ["b"]}}]}


def two(first: str, second: str, **columns: str) -> list[str]:
    return [line("accuracy", first, **columns), line("accuracy", second, arm="b", **columns)]


# Independent measurements


def needed(in_lines, std: str, over: str = "epochs", level: float = 0.01):
    facts = {
        "test_sets": {"d": {"rows": {}, "averaged": 30, "over": over}},
        "significance": [{"says": "a differs", "rows": {}, "arm": "a", "against": "b", "levels": [level]}],
    }
    return in_lines(two("82.00", "80.00", std=std), facts, checks=["effective-size"])


def test_independent_measurements_by_hand(in_lines):
    # A difference of 2 with deviations of 2: t = sqrt(n / 2). t(26 degrees of freedom, 0.01 two-sided) = 2.779, so 14
    # give 2.646 and 16 give 2.828 against 2.750 at 30; 15 give 2.739 against 2.763.
    row, whole = needed(in_lines, "2.00")
    assert (row["published"], row["expected"]) == ("p < 0.01 with 30 epochs", "at least 16 independent")
    assert row["note"].endswith("at most 0.30")  # 14/46
    assert whole["expected"] == "16 independent measurements"
    assert {row["verdict"], whole["verdict"]} == {"undecidable"}


def test_too_few_measurements_even_if_independent(in_lines):
    assert needed(in_lines, "5.00")[0]["note"] == "30 epochs are too few even if independent"


def test_independent_runs_are_not_checked(in_lines):
    assert needed(in_lines, "2.00", over="runs") == []


def test_the_correlation_leaves_as_many_as_are_needed():
    # The mean of a long series with neighbors correlated by r varies as the mean of m (1 - r)/(1 + r) values.
    r = effective_size.correlation(400, 100)
    assert r == pytest.approx(0.6)
    generator = np.random.default_rng(6)
    noise = generator.normal(size=(2000, 400)) * np.sqrt(1 - r**2)
    series = np.empty_like(noise)
    series[:, 0] = generator.normal(size=2000)
    for i in range(1, 400):
        series[:, i] = r * series[:, i - 1] + noise[:, i]
    assert 1 / series.mean(axis=1).var() == pytest.approx(100, rel=0.1)


def test_gsa_needs_from_5_to_121_independent_epochs(in_paper):
    row = next(row for row in in_paper("gsa", "*.gsa against vanilla", check="effective-size"))
    assert row["expected"] == "5, 5, 5, 7, 7, 7, 9, 9, 11, 11, 19, 27, 28, 37, 116, 121 independent measurements"
    assert {row["verdict"] for row in in_paper("gsa", check="effective-size")} == {"undecidable"}


# Answers behind two accuracies


def test_mcnemar_on_a_published_example():
    # McNemar's test of 1 against 8 discordant answers: 2 (1 + 9) / 512.
    assert mcnemar.p_value(1, 8) == pytest.approx(20 / 512)
    assert mcnemar.p_value(8, 1) == mcnemar.p_value(1, 8)
    assert mcnemar.p_value(4, 4) == 1
    assert mcnemar.p_value(0, 0) == 1


def test_mcnemar_is_the_sign_test():
    for one, other in ((0, 6), (3, 12), (61, 40)):
        assert mcnemar.p_value(one, other) == pytest.approx(stats.binomtest(one, one + other).pvalue)


def test_p_rises_with_every_image_that_only_the_worse_model_has_right():
    for gain in (1, 5, 12):
        p = [mcnemar.p_value(alone, alone + gain) for alone in range(60)]
        assert all(a < b + 1e-12 for a, b in pairwise(p))


@pytest.mark.parametrize(
    ("first", "second", "expected", "note"),
    [
        # 95 and 90 of 100: five images; at most 5 are right with the second alone.
        ("95.0", "90.0", "p = 0.062 to 0.3", "not significant whatever the models answered"),
        # 90 and 84: 6 images give 2/64; with one exchanged 7 against 1, p = 0.07.
        (
            "90.0",
            "84.0",
            "p = 0.031 to 0.33",
            "p < 0.05 only if b alone has at most 0 images right, of up to 10 possible",
        ),
        ("90.0", "50.0", "p = 1.8e-12 to 1.6e-07", "significant whatever the models answered"),
    ],
)
def test_bounds_of_p_by_hand(in_lines, first, second, expected, note):
    row, whole = in_lines(two(first, second, n_test="100"), BETTER, checks=["mcnemar"])
    assert (row["expected"], row["note"]) == (expected, note)
    assert {row["verdict"], whole["verdict"]} == {"consistent" if note.startswith("significant") else "undecidable"}


def test_bounds_of_p_hold_for_all_answers(in_lines):
    images, right, other = 20, 17, 11
    (row, _) = in_lines(two("85.0", "55.0", n_test="20"), BETTER, checks=["mcnemar"])
    found = [mcnemar.p_value(other - both, right - both) for both in range(other + 1) if right + other - both <= images]
    assert row["expected"] == f"p = {min(found):.2g} to {max(found):.2g}"


def test_accuracies_that_cannot_be_compared_are_left_out(in_lines):
    for lines, facts in (
        (two("90.0", "50.0"), BETTER),  # the number of images is unknown
        (two("50.0", "90.0", n_test="100"), BETTER),  # not higher; the check statements says so
        (two("90.0", "50.0", n_test="100"), {}),  # nothing is said
    ):
        assert in_lines(lines, facts, checks=["mcnemar"]) == []


def test_gsa_gains_are_significant_for_no_answers_but_two(in_paper):
    rows = in_paper("gsa", ".gsa.accuracy against vanilla", check="mcnemar")
    assert len(rows) == 16
    open_ = {row["cell"].split(".gsa")[0] for row in rows if not row["note"].startswith("not significant")}
    assert open_ == {"idrid_dr.vgg16", "idrid_dr.resnet152"}
    assert all("9.7 images of 103" in row["published"] for row in rows if row["cell"].split(".gsa")[0] in open_)


def test_ppcr_lead_over_a_gate_that_starts_at_ones(in_paper):
    (start,) = in_paper("ppcr", "against ppcr-ones", check="mcnemar")
    assert start["expected"] == "p = 1"


# Leads


def test_intervals_of_clopper_and_pearson():
    # Their paper's own kind of example: 0 of 10 reaches up to 1 - 0.025^(1/10) = 0.3085.
    assert leads.interval(0, 10) == pytest.approx((0, 1 - 0.025**0.1))
    assert leads.interval(10, 10) == pytest.approx((0.025**0.1, 1))


@pytest.mark.parametrize(
    ("first", "second", "expected", "verdict"),
    [
        ("90.0", "89.0", "1 image of 100 ahead", "undecidable"),
        ("90.0", "90.0", "0 images of 100 ahead", "undecidable"),
        ("90.0", "80.0", "10 images of 100 ahead", "consistent"),
        ("50.0", "90.0", "40 images of 100 ahead", "consistent"),
    ],
)
def test_leads_in_images(in_lines, first, second, expected, verdict):
    (row,) = in_lines(two(first, second, n_test="100"), checks=["leads"])
    assert (row["expected"], row["verdict"]) == (expected, verdict)
    assert row["note"].startswith("less than one image") is expected.startswith("0")


def test_arms_with_a_backbone_each_compete(in_lines):
    lines = [line("accuracy", mean, backbone=f"b{mean}", n_test="100") for mean in ("90", "80", "95")]
    (row,) = in_lines(lines, checks=["leads"])
    assert row["published"] == "95, then b90.a 90"


def test_a_lead_on_unknown_images_is_undecidable(in_lines):
    (row,) = in_lines(two("90.0", "50.0"), checks=["leads"])
    assert (row["expected"], row["verdict"]) == ("", "undecidable")


def test_ppcr_leads(in_paper):
    tables = {"ppcr-table-1", "ppcr-table-2"}
    images = {
        row["cell"].removesuffix(".ppcr.accuracy"): int(float(row["expected"].split()[0]))
        for row in in_paper("ppcr", ".ppcr.", check="leads")
        if row["table"] in tables
    }
    assert images == {
        "isic2018.resnet18": 2,
        "isic2018.resnet50": 5,
        "fundus_isee.resnet18": 8,
        "fundus_isee.resnet50": 6,
        "octmnist.resnet18": 11,
        "octmnist.resnet50": 43,
        "retinamnist.resnet18": 4,
        "retinamnist.resnet50": 2,
        "breastmnist.resnet18": 2,
        "breastmnist.resnet50": 6,
    }
    (whole,) = in_paper("ppcr", "*.accuracy", check="leads", published="14 best arms")
    assert whole["expected"] == "2 of 14 ahead by more than the 95 % interval"


def test_sensitivities_contradict_nothing(in_paper):
    for paper in ("acnet", "gsa", "oct", "ppcr"):
        for check in ("effective-size", "mcnemar", "leads"):
            assert not in_paper(paper, check=check, verdict="inconsistent")
