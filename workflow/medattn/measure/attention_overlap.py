"""Agreement of an attention map with a known region, next to the agreement expected by chance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.floating]
Region = NDArray[np.bool_]


@dataclass(frozen=True)
class Overlap:
    """Agreement of a map with a region.

    Attributes:
        mass: share of the map's sum that lies inside the region.
        area: area of the region as a share of the image, which is the mass of a uniform map.
        auc: area under the ROC curve of the map as a detector of the region's pixels; 0.5 is chance.
        iou: intersection over union of the region and the same number of pixels with the highest map values.
        chance_iou: expected intersection over union of the same number of random pixels, to first order.
    """

    mass: float
    area: float
    auc: float
    iou: float
    chance_iou: float


def attention_overlap(values: Map, region: Region) -> Overlap:
    """Measure the agreement of a map with a region.

    Args:
        values: the map, H x W; values below 0 count as 0 for the mass.
        region: the region where attention is expected, H x W, true inside.

    Raises:
        ValueError: the shapes differ, or the region is empty or the whole image.
    """
    if values.shape != region.shape:
        raise ValueError(f"the map is {values.shape}, the region {region.shape}")
    if not region.any() or region.all():
        raise ValueError("the region must be neither empty nor the whole image")
    flat, inside = values.astype(np.float64).ravel(), region.ravel().astype(bool)
    area = float(inside.mean())
    return Overlap(
        mass=_mass(np.maximum(flat, 0.0), inside),
        area=area,
        auc=_auc(flat, inside),
        iou=_iou(_expected_hits(flat, inside), int(inside.sum())),
        chance_iou=_iou(area * inside.sum(), int(inside.sum())),
    )


def _mass(flat: Map, inside: Region) -> float:
    total = float(flat.sum())
    return float(flat[inside].sum()) / total if total > 0 else float("nan")


def _auc(flat: Map, inside: Region) -> float:
    """Return the Mann-Whitney statistic over the number of pairs; ties count one half."""
    _, group, counts = np.unique(flat, return_inverse=True, return_counts=True)
    middle_ranks = np.cumsum(counts) - (counts - 1) / 2
    n_inside, n_outside = int(inside.sum()), int((~inside).sum())
    rank_sum = float(middle_ranks[group][inside].sum())
    return (rank_sum - n_inside * (n_inside + 1) / 2) / (n_inside * n_outside)


def _expected_hits(flat: Map, inside: Region) -> float:
    """Return the number of top pixels inside the region, for as many as it has; ties count in part."""
    wanted = int(inside.sum())
    border = np.partition(flat, flat.size - wanted)[flat.size - wanted]
    above, tied = flat > border, flat == border
    remaining = wanted - int(above.sum())
    return float((above & inside).sum()) + remaining * float((tied & inside).sum()) / float(tied.sum())


def _iou(hits: float, size: int) -> float:
    """Return the intersection over union of two sets of `size` pixels with `hits` in common."""
    return float(hits / (2 * size - hits))
