"""Expected calibration error (Guo et al., ICML 2017)."""

from typing import TYPE_CHECKING

from medattn.metrics.metric import Metric

if TYPE_CHECKING:
    from medattn.metrics.scored import Scored, Values

BINS = 15
"""Bins of equal width, as in the paper."""


def _calibration_error(images: "Scored") -> "list[Values]":
    """Return the mean distance of confidence from accuracy over bins ((b - 1) / 15, b / 15], weighted by images."""
    import numpy as np

    from medattn.metrics.scored import Values

    scores = images.scores.astype(np.float64)
    if scores.min() < 0 or not np.allclose(scores.sum(axis=1), 1, atol=1e-4):
        undefined = np.full(len(images.total), np.nan)
        return [Values(undefined, note="undefined: the scores are no probabilities")]
    confidence, is_right = scores.max(axis=1), scores.argmax(axis=1) == images.labels
    bins = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    excess = is_right - confidence
    gaps = np.zeros(len(images.total))
    for number in np.unique(bins):
        in_bin, weights = bins == number, images.weights
        gaps += np.abs(excess[in_bin].sum() if weights is None else excess[in_bin] @ weights[in_bin])
    return [Values(100 * gaps / images.total)]


METRICS = {
    "calibration_error": Metric(
        "ECE",
        "expected calibration error of the predicted class in 15 bins of equal width",
        higher_is_better=False,
        values=_calibration_error,
    )
}
