"""Precision: the share of the images predicted as a class that belong to it."""

from typing import TYPE_CHECKING

from medattn.metrics.metric import Metric

if TYPE_CHECKING:
    from medattn.metrics.scored import Scored, Values


def _precision(images: "Scored") -> "list[Values]":
    return images.each_class_and_mean(images.hits / images.predicted, "never predicted")


METRICS = {
    "precision": Metric(
        "Precision",
        "precision of each class, and the mean over the classes",
        classes="each",
        values=_precision,
        labels_decide=True,
        epochs_at_once=True,
    )
}
