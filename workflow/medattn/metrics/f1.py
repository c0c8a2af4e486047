"""F1, averaged over the classes with or without weights."""

from typing import TYPE_CHECKING

from medattn.metrics.metric import Averaging, Metric

if TYPE_CHECKING:
    from collections.abc import Callable

    from medattn.metrics.scored import Floats, Scored, Values


def _f1(images: "Scored") -> "Floats":
    """Return the F1 of each class (K x W), NaN for a class that is neither present nor predicted."""
    return images.f1


def _f1_weighted(images: "Scored") -> "list[Values]":
    import numpy as np

    from medattn.metrics.scored import Values

    f1, present = _f1(images), images.present
    kept = ~np.isnan(f1).all(axis=1)
    weighted = np.where(present > 0, f1 * present, 0)[kept]
    return [Values(100 * (weighted.sum(axis=0) / images.total))]


def _f1_macro(images: "Scored") -> "list[Values]":
    return [images.mean_over_classes(_f1(images), "no test image and never predicted")]


def _f1_of_class(label: int) -> "Callable[[Scored], list[Values]]":
    """Return the function that computes the F1 of one class."""

    def values(images: "Scored") -> "list[Values]":
        from medattn.metrics.scored import Values

        return [Values(100 * _f1(images)[label])]

    return values


_WEIGHTED = Averaging("weighted by the test images of the classes", _f1_weighted)
_MACRO = Averaging("mean over the classes", _f1_macro)
_OF_ONE_CLASS = {
    "first_class": Averaging("of the first class", _f1_of_class(0), max_classes=2),
    "second_class": Averaging("of the second class", _f1_of_class(1), max_classes=2),
}

METRICS = {
    "f1_weighted": Metric(
        "F1",
        "F1 averaged over the classes, weighted by their test images",
        published="f1",
        values=_f1_weighted,
        labels_decide=True,
        epochs_at_once=True,
        averaging="weighted",
        averagings={"macro": _MACRO, **_OF_ONE_CLASS},
    ),
    "f1_macro": Metric(
        "F1 (macro)",
        "F1 averaged over the classes",
        values=_f1_macro,
        labels_decide=True,
        epochs_at_once=True,
        averaging="macro",
        averagings={"weighted": _WEIGHTED, **_OF_ONE_CLASS},
    ),
}
