"""Scored images, each with a weight, and the counts, shares and means over classes that metrics consist of.

With weights of 1 a metric has its plain value. With the counts of a bootstrap as weights, it has its value on each
resample. The predicted class is the one with the highest score, the first among equals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isnan

import numpy as np
from numpy.typing import NDArray

from medattn.metrics.metric import MEAN

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Values:
    """Values of a metric: for one class, for the mean over classes, or for all classes together.

    Attributes:
        values: (W,), one for each weighting; NaN where undefined.
        class_name: the class, `mean` for the mean over classes, empty for all classes together.
        note: why the first value is undefined, or which classes it leaves out.
    """

    values: Floats
    class_name: str = ""
    note: str = ""


@dataclass(frozen=True)
class Scored:
    """Images with labels, scores and weights.

    Attributes:
        scores: N x K, higher for more likely classes; minus infinity for a class that cannot be predicted.
        labels: (N,), integers from 0.
        classes: names of the K classes, in the order of the labels.
        weights: N x W, how often each weighting counts each image; None counts each image once.
    """

    scores: NDArray[np.floating]
    labels: NDArray[np.integer]
    classes: Sequence[str]
    weights: Floats | None = None

    @cached_property
    def confusion(self) -> Floats:
        """Number of images by class, predicted class and weighting: K x K x W."""
        # scikit-learn's confusion_matrix spends far longer on checks of its arguments than on counting.
        classes = len(self.classes)
        pairs = self.labels * classes + self.scores.argmax(axis=1)
        if self.weights is None:
            counts = np.bincount(pairs, minlength=classes**2).astype(np.float64)
        else:
            order = np.argsort(pairs, kind="stable")
            found, starts = np.unique(pairs[order], return_index=True)
            counts = np.zeros((classes**2, self.weights.shape[1]))
            counts[found] = np.add.reduceat(self.weights[order], starts, axis=0)
        return counts.reshape(classes, classes, -1)

    @cached_property
    def present(self) -> Floats:
        """Number of images of each class: K x W."""
        counts: Floats = self.confusion.sum(axis=1)
        return counts

    @cached_property
    def predicted(self) -> Floats:
        """Number of images predicted as each class: K x W."""
        counts: Floats = self.confusion.sum(axis=0)
        return counts

    @cached_property
    def hits(self) -> Floats:
        """Number of images of each class that are predicted as that class: K x W."""
        return np.diagonal(self.confusion).T

    @cached_property
    def total(self) -> Floats:
        """Number of images: (W,)."""
        counts: Floats = self.confusion.sum(axis=(0, 1))
        return counts

    @cached_property
    def f1(self) -> Floats:
        """F1 of each class (K x W), NaN for a class that is neither present nor predicted."""
        f1: Floats = 2 * self.hits / (self.present + self.predicted)
        return f1

    def mean_over_classes(self, shares: Floats, absent: str, class_name: str = "") -> Values:
        """Return the mean of shares in percent, over the classes that have one.

        Args:
            shares: K x W fractions, NaN where undefined.
            absent: why a class has none, for the note.
            class_name: class name of the result.
        """
        is_defined = ~np.isnan(shares)
        # Classes without any share are dropped, so that the sum is the same as if they did not exist.
        kept = is_defined.any(axis=1)
        sums = np.where(is_defined, shares, 0)[kept].sum(axis=0)
        left_out = [name for name, defined in zip(self.classes, is_defined[:, 0], strict=True) if not defined]
        note = f"the mean leaves out {', '.join(left_out)} ({absent})" if left_out else ""
        return Values(100 * (sums / is_defined.sum(axis=0)), class_name, note)

    def each_class(self, shares: Floats, absent: str) -> list[Values]:
        """Return the share of each class in percent.

        Args:
            shares: K x W fractions, NaN where undefined.
            absent: why a share is undefined, for the note.
        """
        return [
            Values(100 * share, name, f"undefined: {absent}" if isnan(share[0]) else "")
            for name, share in zip(self.classes, shares, strict=True)
        ]

    def each_class_and_mean(self, shares: Floats, absent: str) -> list[Values]:
        """Return the share of each class in percent and, last, the mean over the classes that have one."""
        return [*self.each_class(shares, absent), self.mean_over_classes(shares, absent, MEAN)]


@dataclass(frozen=True)
class ScoredEpochs(Scored):
    """Images with labels, and scores at several epochs of a run: the epochs take the axis of the weightings.

    Attributes:
        scores: W x N x K, finite.
    """

    @cached_property
    def confusion(self) -> Floats:
        """Number of images by class, predicted class and epoch: K x K x W."""
        classes, epochs = len(self.classes), len(self.scores)
        pairs = self.labels * classes + predicted_classes(self.scores)
        pairs += np.arange(epochs)[:, None] * classes**2
        counts = np.bincount(pairs.ravel(), minlength=epochs * classes**2).astype(np.float64)
        return counts.reshape(epochs, classes, classes).transpose(1, 2, 0)


def predicted_classes(scores: NDArray[np.floating]) -> NDArray[np.integer]:
    """Return the class with the highest score, the first among equals: scores without their last axis.

    Args:
        scores: any shape, with the classes last; finite.
    """
    if scores.shape[-1] == 2:  # NumPy's argmax over an axis of two takes several times longer
        return (scores[..., 1] > scores[..., 0]).astype(np.int64)
    highest: NDArray[np.integer] = scores.argmax(axis=-1)
    return highest
