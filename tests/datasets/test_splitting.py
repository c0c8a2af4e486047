from collections import Counter

import pytest

from medattn.sources.folders.draw_splits import draw_splits

NAMES = [f"i{k}" for k in range(213)]


def test_shares_are_rounded_and_the_rest_trains():
    assert Counter(draw_splits(NAMES, None, {"test": 0.2}, 0)) == {"train": 170, "test": 43}
    assert Counter(draw_splits(NAMES[:100], None, {"test": 0.2, "val": 0.1}, 0)) == {"train": 70, "val": 10, "test": 20}


def test_shares_are_drawn_in_each_class():
    strata = [0] * 100 + [1] * 20
    drawn = Counter(zip(draw_splits(NAMES[:120], strata, {"test": 0.25}, 0), strata, strict=True))
    assert drawn == {("train", 0): 75, ("test", 0): 25, ("train", 1): 15, ("test", 1): 5}


def test_neither_order_nor_other_images_change_where_an_image_goes():
    first = dict(zip(NAMES, draw_splits(NAMES, None, {"test": 0.2}, 5), strict=True))
    back = NAMES[::-1]
    assert dict(zip(back, draw_splits(back, None, {"test": 0.2}, 5), strict=True)) == first
    other = dict(zip(NAMES, draw_splits(NAMES, None, {"test": 0.2}, 6), strict=True))
    assert other != first


@pytest.mark.parametrize("seed", range(5))
def test_images_of_a_name_stay_together_near_their_share(seed):
    names = [f"p{k // 10}" for k in range(100)]
    drawn = draw_splits(names, None, {"test": 0.2, "val": 0.1}, seed)
    assert len(set(zip(names, drawn, strict=True))) == 10
    assert Counter(drawn) == {"train": 70, "val": 10, "test": 20}
