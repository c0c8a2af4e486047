"""Cohen's kappa with quadratic weights, for ordinal classes (Cohen, Psychological Bulletin 70:213-220, 1968)."""

from math import isnan
from typing import TYPE_CHECKING

from medattn.metrics.metric import Metric

if TYPE_CHECKING:
    from medattn.metrics.scored import Scored, Values


def _kappa_quadratic(images: "Scored") -> "list[Values]":
    import numpy as np

    from medattn.metrics.scored import Values

    labels = np.arange(len(images.classes))
    penalty = (np.subtract.outer(labels, labels) ** 2)[:, :, None]
    expected = images.predicted[:, None] * images.present[None] / images.total
    kappa = 1 - (penalty * images.confusion).sum(axis=(0, 1)) / (penalty * expected).sum(axis=(0, 1))
    return [Values(kappa, note="undefined: a single class, present and predicted" if isnan(kappa[0]) else "")]


METRICS = {
    "kappa_quadratic": Metric(
        "Kappa",
        "Cohen's kappa with quadratic weights",
        "fraction",
        least=-1.0,
        values=_kappa_quadratic,
        labels_decide=True,
        epochs_at_once=True,
    )
}
