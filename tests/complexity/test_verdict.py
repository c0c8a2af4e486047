"""When a count meets a published value."""

import pytest

from medattn.complexity.cost_match import (
    CostMatch,
    fits,
    in_words,
    match_gflops,
    match_parameters,
)
from medattn.complexity.network import NetworkCounts

COUNTS = NetworkCounts(
    parameters=11_238_413,
    trainable=11_238_413,
    macs=1_813_560_000,
    macs_per_step=0,
    c1_parameters=11_180_103,
    rules={"C1": 1_818_560_000, "C2": 1_820_110_000, "C3": 1_820_090_000},
    activations=0,
)


@pytest.mark.parametrize(
    ("published", "count", "expected"),
    [
        ("11.18", 11_184_999, True),
        ("11.18", 11_185_000, True),  # a tie may be rounded either way
        ("11.18", 11_185_001, False),
        ("11.18", 11_175_000, True),
        ("11.18", 11_174_999, False),
        ("11.180", 11_180_600, False),  # published zeros count
        ("11", 11_400_000, True),
    ],
)
def test_a_count_fits_within_half_a_unit_of_the_last_digit(published, count, expected):
    assert fits(published, count, 10**6) is expected


def never(classes: int) -> int:
    raise AssertionError("nothing else need be tried")


def test_parameters():
    assert match_parameters("11.24", COUNTS, [100], never) == CostMatch(True, "parameters")
    assert match_parameters("11.18", COUNTS, [100], never) == CostMatch(True, "C1")


def test_parameters_that_another_head_gives():
    heads = {2: 11_300_000, 10: 11_312_000, 100: 11_309_212}
    verdict = match_parameters("11.31", COUNTS, heads, heads.__getitem__)
    assert not verdict.fits
    assert verdict.note == "-0.0716 M parameters, 11.31 fits 10 or 100 classes"
    assert "classes" not in match_parameters("99.99", COUNTS, heads, heads.__getitem__).note


@pytest.mark.parametrize(("published", "counter"), [("1.814", "macs"), ("1.819", "C1"), ("1.820", "C2")])
def test_gflops_by_the_first_rule_that_fits(published, counter):
    assert match_gflops(published, COUNTS) == CostMatch(True, counter)


def test_gflops_that_nothing_fits():
    verdict = match_gflops("1.830", COUNTS)
    assert (verdict.fits, verdict.note) == (False, "-0.0099 G by C2, the nearest count")


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ([], "not published"),
        ([CostMatch(True, "parameters"), CostMatch(True, "macs")], "matches"),
        ([CostMatch(True, "parameters"), CostMatch(True, "C1")], "matches as C1 sees it"),
        ([CostMatch(True, "C1"), CostMatch(True, "C2")], "matches as C1 and C2 see it"),
        ([CostMatch(True, "C1"), CostMatch(False, "", "far off")], "differs"),
    ],
)
def test_a_row_gets_the_worse_verdict(verdicts, words):
    assert in_words(verdicts) == words
