"""F1, averaged over the classes with or without weights."""

from typing import TYPE_CHECKING

from medattn.metrics.metric import Metric

if TYPE_CHECKING:
    from medattn.metrics.scored import Floats, Scored, Values


def _f1(images: "Scored") -> "Floats":
    """Return the F1 of each class (K x W), NaN for a class that is neither present nor predicted."""
    f1: Floats = 2 * images.hits / (images.present + images.predicted)
    return f1


def _f1_weighted(images: "Scored") -> "list[Values]":
    import numpy as np

    from medattn.metrics.scored import Values

    f1, present = _f1(images), images.present
    kept = ~np.isnan(f1).all(axis=1)
    weighted = np.where(present > 0, f1 * present, 0)[kept]
    return [Values(100 * (weighted.sum(axis=0) / images.total))]


def _f1_macro(images: "Scored") -> "list[Values]":
    return [images.mean_over_classes(_f1(images), "no test image and never predicted")]


METRICS = {
    "f1_weighted": Metric(
        "F1", "F1 averaged over the classes, weighted by their test images", published="f1", values=_f1_weighted
    ),
    "f1_macro": Metric("F1 (macro)", "F1 averaged over the classes", values=_f1_macro),
}
