"""Recall: the share of the images of a class that are predicted as that class. Sensitivity is its medical name."""

from typing import TYPE_CHECKING

from medattn.metrics.metric import Metric

if TYPE_CHECKING:
    from medattn.metrics.scored import Floats, Scored, Values


def _recalls(images: "Scored") -> "Floats":
    recalls: Floats = images.hits / images.present
    return recalls


def _recall(images: "Scored") -> "list[Values]":
    return images.each_class_and_mean(_recalls(images), "no test image")


def _sensitivity(images: "Scored") -> "list[Values]":
    return images.each_class(_recalls(images), "no positive test image")


def _balanced_accuracy(images: "Scored") -> "list[Values]":
    return [images.mean_over_classes(_recalls(images), "no test image")]


METRICS = {
    "recall": Metric(
        "Recall",
        "recall of each class, and the mean over the classes",
        classes="each",
        values=_recall,
        labels_decide=True,
        epochs_at_once=True,
    ),
    "sensitivity": Metric(
        "SEN",
        "sensitivity, the share of positive images that are found",
        classes="positive",
        values=_sensitivity,
        labels_decide=True,
        epochs_at_once=True,
    ),
    "balanced_accuracy": Metric(
        "Balanced ACC", "mean recall of the classes", values=_balanced_accuracy, labels_decide=True, epochs_at_once=True
    ),
}
