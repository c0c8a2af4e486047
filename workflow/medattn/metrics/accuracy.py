"""Accuracy."""

from typing import TYPE_CHECKING

from medattn.metrics.metric import Metric

if TYPE_CHECKING:
    from medattn.metrics.scored import Scored, Values


def _accuracy(images: "Scored") -> "list[Values]":
    from medattn.metrics.scored import Values

    return [Values(100 * images.hits.sum(axis=0) / images.total)]


METRICS = {"accuracy": Metric("ACC", "accuracy", values=_accuracy, labels_decide=True, epochs_at_once=True)}
