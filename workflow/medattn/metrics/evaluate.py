"""The values of a metric for scored images, plain or for many resamples at once.

An undefined value is NaN and has a note that says why. A class without test images has no recall, no AUC and no
weight. A class that is never predicted has no precision; its F1 is 0 if it has test images.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medattn.metrics.own_values import checked
from medattn.metrics.registry import METRICS
from medattn.metrics.scored import Floats, Scored, ScoredEpochs, Values


@dataclass(frozen=True)
class Value:
    """A value of a metric: percent, or a fraction for kappa.

    Attributes:
        value: NaN where undefined.
        class_name: the class, `mean` for the mean over classes, empty for all classes together.
        note: why the value is undefined, or which classes it leaves out.
    """

    value: float
    class_name: str = ""
    note: str = ""


def measure(metric: str, scored: Scored) -> list[Value]:
    """Return the values of a metric: one, or one for each class, with or without their mean.

    Raises:
        KeyError: no metric of this name is measured from scores.
    """
    return [Value(float(found.values[0]), found.class_name, found.note) for found in _values(metric, scored)]


def measure_resamples(metric: str, scored: Scored, weights: Floats) -> dict[str, Floats]:
    """Return the values of a metric on resamples of the images, by class name.

    Args:
        metric: name of the metric.
        scored: the test images.
        weights: N x W float32, how often each resample has each image.

    Returns:
        (W,) values for each class name, which is empty for all classes together.
    """
    return {found.class_name: found.values for found in _values(metric, replace(scored, weights=weights))}


def measure_epochs(metric: str, scored: ScoredEpochs, averaging: str = "") -> dict[str, Floats]:
    """Return the values of a metric at several epochs, by class name.

    Args:
        metric: name of the metric.
        scored: the images at the epochs.
        averaging: one of the metric's `averagings`; empty for its own.

    Returns:
        (W,) values for each class name; NaN where undefined.
    """
    facts = METRICS[metric]
    function = facts.averagings[averaging].values if averaging else facts.values
    if function is None:
        raise KeyError(metric)
    with np.errstate(invalid="ignore", divide="ignore"):
        if facts.epochs_at_once:
            return {found.class_name: found.values for found in checked(metric, function, scored)}
        each = [checked(metric, function, Scored(scores, scored.labels, scored.classes)) for scores in scored.scores]
    return {same[0].class_name: np.array([found.values[0] for found in same]) for same in zip(*each, strict=True)}


def validation_values(metric: str, scores: NDArray[Any], labels: NDArray[Any]) -> list[float]:
    """Return a metric of validation images at each epoch, as protocols compare epochs by it: higher is better.

    Args:
        metric: name of a metric, or `loss` for the negative mean cross entropy.
        scores: W x N x K, probabilities at each epoch.
        labels: N.

    Returns:
        A fraction for each epoch; -1, or minus infinity for `loss`, where the metric is undefined.
    """
    return ValidationScores(scores, labels).values(metric)


@dataclass(frozen=True)
class ValidationScores:
    """Validation images with their scores at each epoch; what several metrics need is computed once.

    Attributes:
        scores: W x N x K, probabilities at each epoch.
        labels: N.
    """

    scores: NDArray[Any]
    labels: NDArray[Any]

    def values(self, metric: str) -> list[float]:
        """Return a metric at each epoch, as `validation_values` does."""
        if metric == "loss":
            of_class = self.scores[:, np.arange(len(self.labels)), self.labels]
            values = np.full(len(self.scores), -np.inf)
            values[self._finite] = log_likelihoods(of_class[self._finite])
            return [float(value) for value in values]
        values = np.full(len(self.scores), np.nan)
        if len(self._finite):
            (values[self._finite],) = measure_epochs(metric, self._scored).values()
        return [-1.0 if isnan(value) else value / 100 for value in values.tolist()]

    @cached_property
    def _finite(self) -> NDArray[np.intp]:
        return np.flatnonzero(~np.isnan(self.scores).any(axis=(1, 2)))

    @cached_property
    def _scored(self) -> ScoredEpochs:
        classes = [str(label) for label in range(self.scores.shape[2])]
        whole = len(self._finite) == len(self.scores)
        return ScoredEpochs(self.scores if whole else self.scores[self._finite], self.labels, classes)


def log_likelihoods(label_scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the mean logarithm of the probability of each image's own class: (W,), minus infinity where one is NaN.

    Args:
        label_scores: W x N.
    """
    # The order in memory decides the order of the sum, and with it the last bit.
    of_class = np.asfortranarray(label_scores.astype(np.float64))
    with np.errstate(divide="ignore"):
        means: NDArray[np.float64] = np.log(of_class).mean(axis=1)
    return np.where(np.isnan(means), -np.inf, means)


def _values(metric: str, scored: Scored) -> list[Values]:
    function = METRICS[metric].values
    if function is None:
        raise KeyError(metric)
    with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0 is an undefined share
        return checked(metric, function, scored)
