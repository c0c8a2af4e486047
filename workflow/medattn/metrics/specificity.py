"""Specificity: the share of the images of other classes that are not predicted as the positive class."""

from typing import TYPE_CHECKING

from medattn.metrics.metric import Metric

if TYPE_CHECKING:
    from medattn.metrics.scored import Scored, Values


def _specificity(images: "Scored") -> "list[Values]":
    negatives = images.total - images.present
    false_alarms = images.predicted - images.hits
    return images.each_class((negatives - false_alarms) / negatives, "no negative test image")


METRICS = {
    "specificity": Metric(
        "SPE",
        "specificity, the share of other images that are not taken for positive",
        classes="positive",
        values=_specificity,
        labels_decide=True,
        epochs_at_once=True,
    )
}
