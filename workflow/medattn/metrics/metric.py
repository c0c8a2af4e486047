"""Facts about a metric, with the function that computes it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

Unit = Literal["percent", "fraction", "million", "giga"]

MEAN = "mean"
"""Class name of the mean over classes."""


@dataclass(frozen=True)
class Averaging:
    """Another way to average a metric over the classes, which a paper's text may mean.

    Attributes:
        title: the average in words.
        values: returns the values for a `Scored`.
        min_classes: smallest number of classes for which the average differs from the metric's own.
        max_classes: largest number; None for no limit.
    """

    title: str
    values: Callable[[Any], list[Any]]
    min_classes: int = 2
    max_classes: int | None = None

    def fits(self, classes: int) -> bool:
        """Return whether a data set with this number of classes has the average."""
        return self.min_classes <= classes <= (self.max_classes or classes)


@dataclass(frozen=True)
class Metric:
    """A metric that is measured from scores, or a cost that is counted from the network.

    Attributes:
        title: heading of its column.
        words: its name in a caption.
        unit: unit of its values in measurements.csv.
        classes: `none` for a single value; `each` for a value of each class and their mean; `positive` for a value of
            each class that can be the positive one.
        published: its name in published.csv, where that differs.
        higher_is_better: whether the highest value ranks first.
        least: least possible value, in its unit. The greatest is 100% or 1.
        values: returns the values for a `Scored`; None for a cost.
        labels_decide: whether the predicted classes alone decide the values, whatever the scores behind them.
        epochs_at_once: whether `values` takes a `ScoredEpochs` too, and then returns a value for each epoch.
        averaging: name of the average over the classes; empty for a metric without `averagings`.
        averagings: other averages over the classes, by name; they take what `values` takes.
    """

    title: str
    words: str
    unit: Unit = "percent"
    classes: Literal["none", "each", "positive"] = "none"
    published: str = ""
    higher_is_better: bool = True
    least: float = 0.0
    # `Scored` imports numpy, which planning must not import.
    values: Callable[[Any], list[Any]] | None = None
    labels_decide: bool = False
    epochs_at_once: bool = False
    averaging: str = ""
    averagings: dict[str, Averaging] = field(default_factory=dict)

    @property
    def measured(self) -> bool:
        """Whether the metric is measured from scores; otherwise complexity.csv has its value."""
        return self.values is not None
