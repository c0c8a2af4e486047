import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from medattn.compare.holm import holm


def test_worked_example() -> None:
    # The example of the Wikipedia article "Holm-Bonferroni method".
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_a_single_test_is_left_as_it_is_and_none_exceeds_one() -> None:
    assert holm([0.2]) == pytest.approx([0.2])
    assert holm([0.6, 0.7]) == pytest.approx([1.0, 1.0])


def test_as_in_statsmodels() -> None:
    rng = np.random.default_rng(0)
    for n in (2, 7, 30):
        p = np.round(rng.uniform(0, 0.3, n), 2)  # with ties
        assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


def test_missing_tests_do_not_count() -> None:
    adjusted = holm([0.01, np.nan, 0.04])
    assert adjusted[[0, 2]] == pytest.approx([0.02, 0.04])
    assert np.isnan(adjusted[1])


def test_no_tests() -> None:
    assert holm([]).size == 0
