import numpy as np
import pytest
from scipy import stats

from medattn.compare.epochs_tests import compare_epochs


def test_against_scipy_from_summary_statistics() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(84, 1.3, 30), rng.normal(82, 3.0, 30)
    student, welch = compare_epochs(first, second)
    for outcome, equal in ((student, True), (welch, False)):
        expected = stats.ttest_ind_from_stats(
            first.mean(), first.std(ddof=1), 30, second.mean(), second.std(ddof=1), 30, equal_var=equal
        )
        assert outcome.p == pytest.approx(expected.pvalue)
        assert outcome.difference == pytest.approx(first.mean() - second.mean())
        assert outcome.low < outcome.difference < outcome.high
    pooled = np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 2)
    assert student.effect == welch.effect == pytest.approx((first.mean() - second.mean()) / pooled)
    assert "not independent" in welch.note


@pytest.mark.parametrize(
    ("first", "second", "n", "why"),
    [
        ([], [], 0, "no epochs"),
        ([80.0], [81.0], 1, "single epoch"),
        ([80.0, 80.0], [81.0, 81.0], 2, "no spread"),
    ],
)
def test_what_cannot_be_tested_says_why(first: list[float], second: list[float], n: int, why: str) -> None:
    for outcome in compare_epochs(first, second):
        assert outcome.n == n
        assert np.isnan(outcome.p)
        assert why in outcome.note
