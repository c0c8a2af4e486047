"""The worked example of Demšar 2006: four variants of C4.5 on fourteen data sets (his Table 6)."""

import math

import numpy as np
import pytest
from scipy import stats

from medattn.compare.friedman import cliques, critical_difference, p_against_control, rank
from medattn.compare.holm import holm

# AUC of C4.5, with m, with cf, with both. The last but one data set ties in print, but not in the ranks.
AUC = """
0.763 0.768 0.771 0.798
0.599 0.591 0.590 0.569
0.954 0.971 0.968 0.967
0.628 0.661 0.654 0.657
0.882 0.888 0.886 0.898
0.936 0.931 0.916 0.931
0.661 0.668 0.609 0.685
0.583 0.583 0.563 0.625
0.775 0.838 0.866 0.875
1.000 1.000 1.000 1.000
0.940 0.962 0.965 0.962
0.619 0.666 0.614 0.669
0.972 0.981 0.9751 0.975
0.957 0.978 0.946 0.970
"""
TABLE = np.array([[float(value) for value in line.split()] for line in AUC.strip().splitlines()])


def test_demsars_ranks_and_critical_difference() -> None:
    ranking = rank(TABLE)
    assert ranking.mean_ranks == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    assert ranking.datasets == 14
    assert ranking.critical_difference == pytest.approx(1.25, abs=5e-3)


def test_demsars_statistic_but_for_his_ties() -> None:
    # He does not correct for ties: 9.28. The data sets' ranks spread by 5 where nothing ties; by 0 where all do.
    spread = sum(((ranks - 2.5) ** 2).sum() for ranks in stats.rankdata(TABLE, axis=1))
    assert rank(TABLE).statistic * spread / (14 * 5) == pytest.approx(9.28, abs=5e-3)


def test_as_in_scipy() -> None:
    expected = stats.friedmanchisquare(*TABLE.T)
    ranking = rank(TABLE)
    assert (ranking.statistic, ranking.p) == pytest.approx((expected.statistic, expected.pvalue))
    f = 13 * expected.statistic / (14 * 3 - expected.statistic)
    assert ranking.p_iman_davenport == pytest.approx(stats.f.sf(f, 3, 39))


def test_nemenyis_critical_values() -> None:
    # Demšar's Table 5(a): q at 0.05 for 2 to 10 classifiers.
    published = [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]
    for k, q in enumerate(published, start=2):
        # Tables of the studentized range are rounded: they agree to about 0.001.
        assert critical_difference(k, 1) / np.sqrt(k * (k + 1) / 6) == pytest.approx(q, abs=1.5e-3)


def test_holm_against_the_control_as_demsar_does_it() -> None:
    # His step-down example: z = 2.416, 2.350 and 0.512 for m+cf, m and cf against C4.5; p = 0.016, 0.019, 0.607.
    p = p_against_control(rank(TABLE), 0)
    assert p[[3, 1, 2]] == pytest.approx([0.016, 0.019, 0.607], abs=2e-3)
    assert np.isnan(p[0])
    adjusted = holm(p)
    assert adjusted[3] == pytest.approx(3 * p[3])
    assert adjusted[1] == pytest.approx(adjusted[3])  # never below the one before


def test_cliques_are_what_the_test_cannot_tell_apart() -> None:
    # C4.5 (3.143) and m+cf (1.964) lie 1.179 apart, less than 1.25: one bar joins all four.
    assert cliques(rank(TABLE)) == [[3, 1, 2, 0]]
    order = np.array([[4.0, 3.0, 2.0, 1.0]] * 12)
    # Neighbors are one rank apart, and the critical difference is 1.35.
    assert cliques(rank(order)) == [[0, 1], [1, 2], [2, 3]]


def test_the_same_order_everywhere_and_a_single_data_set() -> None:
    alike = rank([[3.0, 2.0, 1.0]] * 4)
    assert alike.p == pytest.approx(stats.chi2.sf(8, 2))
    assert math.isnan(alike.p_iman_davenport), "a p of 0 would be wrong: three arms are ranked alike by chance, too"
    one = rank([[3.0, 1.0]])
    assert list(one.mean_ranks) == [1.0, 2.0]
    assert np.isnan([one.p, one.critical_difference]).all()
    assert cliques(one) == []
    assert list(rank([[3.0, 1.0]], higher_is_better=False).mean_ranks) == [2.0, 1.0]
    with pytest.raises(ValueError, match="full table"):
        rank([[1.0, np.nan]])


def test_two_arms_have_the_chi_square_of_the_sign_test() -> None:
    # Three data sets prefer the first arm, one the second, and one ties: (3 - 1)^2 / (3 + 1).
    ranking = rank([[2.0, 1.0], [5.0, 3.0], [4.0, 3.5], [1.0, 2.0], [3.0, 3.0]])
    assert ranking.statistic == pytest.approx(1.0)
    assert ranking.p == pytest.approx(stats.chi2.sf(1.0, 1))


@pytest.mark.parametrize("arms", [2, 3])
def test_arms_that_tie_everywhere_have_no_statistic(arms: int) -> None:
    ranking = rank(np.ones((4, arms)))
    assert np.isnan([ranking.statistic, ranking.p, ranking.p_iman_davenport]).all()
