import numpy as np
import pytest

from medattn.datasets.folds import assign_folds
from medattn.errors import UserError

LABELS = np.array([0] * 10 + [1] * 5 + [2] * 21)


def test_folds_are_stratified_and_depend_on_the_seed_alone():
    folds = assign_folds(LABELS, None, 5, seed=3)
    for label, (least, most) in enumerate([(2, 2), (1, 1), (4, 5)]):
        counts = np.bincount(folds[label == LABELS], minlength=5)
        assert least <= counts.min() <= counts.max() <= most
    assert np.array_equal(folds, assign_folds(LABELS, None, 5, seed=3))
    assert not np.array_equal(folds, assign_folds(LABELS, None, 5, seed=4))


def test_patients_stay_whole():
    groups = [f"p{i // 2}" for i in range(60)]
    labels = np.arange(60) // 2 % 3
    folds = assign_folds(labels, groups, 4, seed=0)
    assert np.array_equal(folds[::2], folds[1::2])
    assert set(folds) == {0, 1, 2, 3}


def test_a_class_smaller_than_the_folds_is_named():
    with pytest.raises(UserError, match=r"class 'rare' has 5 training images, too few for 6 folds; use at most 5"):
        assign_folds(LABELS, None, 6, seed=0, classes=["a", "rare", "b"])


def test_patients_that_cannot_be_spread_are_named():
    with pytest.raises(UserError, match="2 patients cannot fill 3 folds"):
        assign_folds(np.array([0, 1] * 6), ["a", "b"] * 6, 3, seed=0)
    labels = np.array([0] * 4 + [1] * 8)
    groups = ["x"] * 4 + [f"p{i}" for i in range(8)]
    with pytest.raises(UserError, match="all patients of class '0' fall into fold"):
        assign_folds(labels, groups, 3, seed=0)
