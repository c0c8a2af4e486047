"""Every metric of `medattn.metrics` on many resamples of the test images at once.

A resample is a column of weights: how often it holds each image. The values are those that `medattn.metrics.measure`
gives for the images, each taken so often.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from medattn.config.models.metrics import MEAN
from medattn.metrics import BINS, Scored, calibration

Floats = NDArray[np.floating]
ByClass = dict[str, Floats]


def resampled(metric: str, scored: Scored, weights: Floats) -> ByClass:
    """Return the values of a metric by class name (empty where it has none), each with one value per resample.

    Args:
        metric: its name.
        scored: the test images.
        weights: images x resamples, float32.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        if metric == "auc":
            return {"": 100 * _auc(scored, weights)}
        if metric == "calibration_error":
            return {"": 100 * _calibration_error(scored, weights)}
        return _OF_CONFUSION[metric](_confusion(scored, weights), scored.classes)


def _confusion(scored: Scored, weights: Floats) -> Floats:
    """Return classes (true) x classes (predicted) x resamples."""
    k = len(scored.classes)
    place = scored.labels * k + scored.scores.argmax(axis=1)
    taken, inverse = np.unique(place, return_inverse=True)
    indicator = np.zeros((len(taken), len(place)), dtype=np.float32)
    indicator[inverse, np.arange(len(place))] = 1
    counts = np.zeros((k * k, weights.shape[1]))
    counts[taken] = indicator @ weights
    return counts.reshape(k, k, -1)


def _hits(confusion: Floats) -> Floats:
    return np.diagonal(confusion).T


def _mean(values: Floats) -> Floats:
    """Return the mean over the classes (first axis) for which a value is defined."""
    defined = ~np.isnan(values)
    means: Floats = np.where(defined, values, 0).sum(axis=0) / defined.sum(axis=0)
    return means


def _accuracy(confusion: Floats, _: Sequence[str]) -> ByClass:
    return {"": 100 * _hits(confusion).sum(axis=0) / confusion.sum(axis=(0, 1))}


def _f1(confusion: Floats) -> Floats:
    f1: Floats = 2 * _hits(confusion) / (confusion.sum(axis=0) + confusion.sum(axis=1))
    return f1


def _f1_weighted(confusion: Floats, _: Sequence[str]) -> ByClass:
    present = confusion.sum(axis=1)
    return {"": 100 * np.where(present > 0, _f1(confusion) * present, 0).sum(axis=0) / present.sum(axis=0)}


def _f1_macro(confusion: Floats, _: Sequence[str]) -> ByClass:
    return {"": 100 * _mean(_f1(confusion))}


def _precision(confusion: Floats, classes: Sequence[str]) -> ByClass:
    return _by_class(_hits(confusion) / confusion.sum(axis=0), classes)


def _recalls(confusion: Floats) -> Floats:
    recalls: Floats = _hits(confusion) / confusion.sum(axis=1)
    return recalls


def _recall(confusion: Floats, classes: Sequence[str]) -> ByClass:
    return _by_class(_recalls(confusion), classes)


def _sensitivity(confusion: Floats, classes: Sequence[str]) -> ByClass:
    return dict(zip(classes, 100 * _recalls(confusion), strict=True))


def _specificity(confusion: Floats, classes: Sequence[str]) -> ByClass:
    negatives = confusion.sum(axis=(0, 1)) - confusion.sum(axis=1)
    false_alarms = confusion.sum(axis=0) - _hits(confusion)
    return dict(zip(classes, 100 * (negatives - false_alarms) / negatives, strict=True))


def _balanced_accuracy(confusion: Floats, _: Sequence[str]) -> ByClass:
    return {"": 100 * _mean(_recalls(confusion))}


def _kappa_quadratic(confusion: Floats, _: Sequence[str]) -> ByClass:
    k = len(confusion)
    penalty = (np.subtract.outer(np.arange(k), np.arange(k)) ** 2)[:, :, None]
    expected = confusion.sum(axis=1)[:, None] * confusion.sum(axis=0)[None, :] / confusion.sum(axis=(0, 1))
    return {"": 1 - (penalty * confusion).sum(axis=(0, 1)) / (penalty * expected).sum(axis=(0, 1))}


_OF_CONFUSION: dict[str, Callable[[Floats, Sequence[str]], ByClass]] = {
    "accuracy": _accuracy,
    "f1_weighted": _f1_weighted,
    "f1_macro": _f1_macro,
    "precision": _precision,
    "recall": _recall,
    "sensitivity": _sensitivity,
    "specificity": _specificity,
    "balanced_accuracy": _balanced_accuracy,
    "kappa_quadratic": _kappa_quadratic,
}


def _by_class(shares: Floats, classes: Sequence[str]) -> ByClass:
    return {**dict(zip(classes, 100 * shares, strict=True)), MEAN: 100 * _mean(shares)}


def _auc(scored: Scored, weights: Floats) -> Floats:
    """Return the AUC of the second of two classes, or the mean of each class against the rest."""
    k = len(scored.classes)
    each = [_auc_of_class(scored, weights, label) for label in ([1] if k == 2 else range(k))]
    return _mean(np.array(each))


def _auc_of_class(scored: Scored, weights: Floats, label: int) -> Floats:
    """Return the AUC of a class against the rest: how often a positive image stands above a negative one."""
    scores = scored.scores[:, label]
    order = np.argsort(scores, kind="stable")
    is_positive, ordered = scored.labels[order] == label, weights[order]
    negatives = np.where(is_positive[:, None], np.float32(0), ordered)
    positives = np.where(is_positive[:, None], ordered, np.float32(0))
    starts = np.flatnonzero(np.append(True, scores[order][1:] != scores[order][:-1]))
    if len(starts) < len(order):  # images of equal score stand level
        negatives, positives = (np.add.reduceat(part, starts, axis=0) for part in (negatives, positives))
    below = np.cumsum(negatives, axis=0) - negatives / 2
    pairs = positives.sum(axis=0, dtype=np.float64) * negatives.sum(axis=0, dtype=np.float64)
    area: Floats = np.einsum("ij,ij->j", positives, below, dtype=np.float64) / pairs
    return area


def _calibration_error(scored: Scored, weights: Floats) -> Floats:
    found = calibration(scored)
    if found is None:
        return np.full(weights.shape[1], np.nan)
    bins, excess = found
    gaps = np.zeros((BINS, len(bins)))
    gaps[bins, np.arange(len(bins))] = excess
    errors: Floats = np.abs(gaps @ weights).sum(axis=0) / weights.sum(axis=0)
    return errors
