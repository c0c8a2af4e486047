import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from medattn.measure.attention_overlap import attention_overlap

REGION = np.zeros((10, 10), dtype=bool)
REGION[2:6, 3:8] = True


def test_a_uniform_map_is_at_chance() -> None:
    overlap = attention_overlap(np.full((10, 10), 0.5), REGION)
    assert overlap.mass == pytest.approx(overlap.area) == pytest.approx(0.2)
    assert overlap.auc == pytest.approx(0.5)
    assert overlap.iou == pytest.approx(overlap.chance_iou) == pytest.approx(0.2 / 1.8)


def test_a_perfect_map_and_its_opposite() -> None:
    perfect = attention_overlap(REGION.astype(float), REGION)
    assert (perfect.mass, perfect.auc, perfect.iou) == pytest.approx((1.0, 1.0, 1.0))
    opposite = attention_overlap(1.0 - REGION, REGION)
    assert (opposite.mass, opposite.auc, opposite.iou) == pytest.approx((0.0, 0.0, 0.0))


def test_auc_with_ties_is_that_of_scikit_learn() -> None:
    values = np.random.default_rng(0).integers(0, 6, (10, 10)).astype(float)
    assert attention_overlap(values, REGION).auc == pytest.approx(roc_auc_score(REGION.ravel(), values.ravel()))


def test_chance_is_near_the_mean_over_random_maps() -> None:
    rng = np.random.default_rng(0)
    overlaps = [attention_overlap(rng.random((10, 10)), REGION) for _ in range(300)]
    assert np.mean([o.iou for o in overlaps]) == pytest.approx(overlaps[0].chance_iou, abs=0.01)
    assert np.mean([o.auc for o in overlaps]) == pytest.approx(0.5, abs=0.02)


def test_a_map_of_zeros_has_no_mass() -> None:
    assert np.isnan(attention_overlap(np.zeros((10, 10)), REGION).mass)


@pytest.mark.parametrize("region", [np.zeros((10, 10), bool), np.ones((10, 10), bool), np.ones((9, 10), bool)])
def test_regions_that_mean_nothing_are_refused(region: np.ndarray) -> None:
    with pytest.raises(ValueError, match="region"):
        attention_overlap(np.ones((10, 10)), region)
