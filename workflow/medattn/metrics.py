"""Metrics from the scores of one epoch. What is undefined is no number and says why; it is never 0 in silence.

Predicted is the class of the highest score, the first among equals. A class that no test image has is absent: it has
no recall, no AUC and no weight. A class that is never predicted has no precision; its F1 is 0 where it is present.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import nan

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.metrics import cohen_kappa_score

from medattn.config.models.metrics import MEAN

BINS = 15
"""Bins of equal width of the calibration error, as in Guo et al., ICML 2017."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Value:
    """The value of a metric: percent, or a fraction for kappa.

    Attributes:
        value: NaN where it is undefined.
        class_name: the class that it belongs to, `mean` for the mean over classes, empty where it has none.
        note: why it is undefined, or what it leaves out.
    """

    value: float
    class_name: str = ""
    note: str = ""


@dataclass(frozen=True)
class Scored:
    """Images with their scores.

    Attributes:
        scores: N x classes; the higher, the more likely. Minus infinity for a class that can't be predicted.
        labels: N.
        classes: names in the order of the labels.
    """

    scores: NDArray[np.floating]
    labels: NDArray[np.integer]
    classes: Sequence[str]

    @cached_property
    def confusion(self) -> Floats:
        """Images of each class (row) that were taken for each class (column)."""
        # By hand, as is the AUC: scikit-learn's checks of its arguments take far longer than counting.
        classes = len(self.classes)
        pairs = self.labels * classes + self.scores.argmax(axis=1)
        return np.bincount(pairs, minlength=classes**2).reshape(classes, classes).astype(np.float64)

    @property
    def present(self) -> Floats:
        """Images of each class."""
        counts: Floats = self.confusion.sum(axis=1)
        return counts

    @property
    def predicted(self) -> Floats:
        """Images taken for each class."""
        counts: Floats = self.confusion.sum(axis=0)
        return counts

    @property
    def hits(self) -> Floats:
        """Images of each class that were taken for it."""
        return np.diagonal(self.confusion)


def measure(metric: str, scored: Scored) -> list[Value]:
    """Return the values of a metric: one, or one for each class (and the mean).

    Raises:
        KeyError: no metric of this name comes from scores.
    """
    return _METRICS[metric](scored)


def _accuracy(scored: Scored) -> list[Value]:
    return [Value(100 * float(scored.hits.sum()) / len(scored.labels))]


def _auc(scored: Scored) -> list[Value]:
    """Two classes: of the second one. More: each class against the rest, averaged over the classes.

    The area is the share of pairs, one image of the class and one of the rest, in which the former scores higher; ties
    are half a pair (Mann and Whitney's U over the product of the counts).
    """
    present = scored.present
    if np.count_nonzero(present) < 2:
        return [Value(nan, note="undefined: the test images have a single class")]
    # Ranks order as the scores do, and are finite where scores are not.
    ranks = rankdata(scored.scores, axis=0)
    wanted = [1] if len(scored.classes) == 2 else [int(label) for label in np.flatnonzero(present)]
    each = []
    for label in wanted:
        count = present[label]
        above = ranks[scored.labels == label, label].sum() - count * (count + 1) / 2
        each.append(above / (count * (len(scored.labels) - count)))
    return [Value(100 * float(np.mean(each)), note=_without(scored.classes, present > 0, "no test image"))]


def _f1(scored: Scored) -> tuple[Floats, NDArray[np.bool_]]:
    """Return F1 of each class, and for which it is defined: those that are present or predicted."""
    total = scored.present + scored.predicted
    return _ratio(2 * scored.hits, total), total > 0


def _f1_weighted(scored: Scored) -> list[Value]:
    values, defined = _f1(scored)
    return [Value(100 * float(np.average(values[defined], weights=scored.present[defined])))]


def _f1_macro(scored: Scored) -> list[Value]:
    values, defined = _f1(scored)
    note = _without(scored.classes, defined, "no test image and never predicted")
    return [Value(100 * float(values[defined].mean()), note=note)]


def _precision(scored: Scored) -> list[Value]:
    return _by_class(scored.classes, _ratio(scored.hits, scored.predicted), "never predicted")


def _recall(scored: Scored) -> list[Value]:
    return _by_class(scored.classes, _ratio(scored.hits, scored.present), "no test image")


def _sensitivity(scored: Scored) -> list[Value]:
    return _of_positive(scored.classes, _ratio(scored.hits, scored.present), "no positive test image")


def _specificity(scored: Scored) -> list[Value]:
    negatives = len(scored.labels) - scored.present
    false_alarms = scored.predicted - scored.hits
    return _of_positive(scored.classes, _ratio(negatives - false_alarms, negatives), "no negative test image")


def _balanced_accuracy(scored: Scored) -> list[Value]:
    mean = _recall(scored)[-1]
    return [Value(mean.value, note=mean.note)]


def _kappa_quadratic(scored: Scored) -> list[Value]:
    predictions = scored.scores.argmax(axis=1)
    if len(set(scored.labels) | set(predictions)) < 2:
        return [Value(nan, note="undefined: a single class, present and predicted")]
    every = list(range(len(scored.classes)))
    return [Value(float(cohen_kappa_score(scored.labels, predictions, labels=every, weights="quadratic")))]


def _calibration_error(scored: Scored) -> list[Value]:
    """Mean distance of confidence from accuracy over bins ((b - 1) / 15, b / 15], weighted by their images."""
    found = calibration(scored)
    if found is None:
        return [Value(nan, note="undefined: the scores are no probabilities")]
    bins, excess = found
    gaps = [abs(float(excess[bins == b].sum())) for b in np.unique(bins)]
    return [Value(100 * sum(gaps) / len(excess))]


def calibration(scored: Scored) -> tuple[NDArray[np.int64], Floats] | None:
    """Return of each image its bin of confidence, from 0, and right (1 or 0) minus confidence; None if undefined."""
    scores = scored.scores.astype(np.float64)
    if scores.min() < 0 or not np.allclose(scores.sum(axis=1), 1, atol=1e-4):
        return None
    confidence, right = scores.max(axis=1), scores.argmax(axis=1) == scored.labels
    return np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1), right - confidence


_METRICS: dict[str, Callable[[Scored], list[Value]]] = {
    "accuracy": _accuracy,
    "auc": _auc,
    "f1_weighted": _f1_weighted,
    "f1_macro": _f1_macro,
    "precision": _precision,
    "recall": _recall,
    "sensitivity": _sensitivity,
    "specificity": _specificity,
    "balanced_accuracy": _balanced_accuracy,
    "kappa_quadratic": _kappa_quadratic,
    "calibration_error": _calibration_error,
}


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Return part / whole, NaN where the whole is 0."""
    shares: Floats = np.divide(part, whole, out=np.full(len(part), nan), where=whole > 0)
    return shares


def _of_positive(classes: Sequence[str], shares: Floats, absent: str) -> list[Value]:
    return [
        Value(100 * float(share), name, f"undefined: {absent}" if np.isnan(share) else "")
        for name, share in zip(classes, shares, strict=True)
    ]


def _by_class(classes: Sequence[str], shares: Floats, absent: str) -> list[Value]:
    """Return the value of each class and, last, their mean over the classes for which it is defined."""
    defined = ~np.isnan(shares)
    note = _without(classes, defined, absent)
    mean = Value(100 * float(shares[defined].mean()), MEAN, note) if defined.any() else Value(nan, MEAN, note)
    return [*_of_positive(classes, shares, absent), mean]


def _without(classes: Sequence[str], defined: NDArray[np.bool_], why: str) -> str:
    left_out = [name for name, is_defined in zip(classes, defined, strict=True) if not is_defined]
    return f"the mean leaves out {', '.join(left_out)} ({why})" if left_out else ""
