"""Area under the ROC curve."""

from typing import TYPE_CHECKING

from medattn.metrics.metric import Averaging, Metric

if TYPE_CHECKING:
    from medattn.metrics.scored import Floats, Scored, Values


def _auc(images: "Scored") -> "list[Values]":
    """Return the AUC of the second of two classes, or the mean over the classes of each against the rest."""
    from medattn.metrics.scored import Values

    areas = _areas(images)
    if (images.present[:, 0] > 0).sum() < 2:
        return [Values(100 * areas[-1], note="undefined: the test images have a single class")]
    if len(images.classes) == 2:
        return [Values(100 * areas[0])]
    return [images.mean_over_classes(areas, "no test image")]


def _auc_weighted(images: "Scored") -> "list[Values]":
    """Return the mean over the classes of each against the rest, weighted by their test images."""
    import numpy as np

    from medattn.metrics.scored import Values

    areas, present = _areas(images), images.present
    return [Values(100 * np.where(present > 0, areas * present, 0).sum(axis=0) / images.total)]


def _areas(images: "Scored") -> "Floats":
    """Return the area of the second of two classes, or of each class against the rest: classes x W."""
    import numpy as np

    from medattn.metrics.scored import ScoredEpochs

    count = len(images.classes)
    labels = [1] if count == 2 else range(count)
    area = _each_epoch_against_rest if isinstance(images, ScoredEpochs) else _one_against_rest
    return np.array([area(images, label) for label in labels])


def _each_epoch_against_rest(images: "Scored", label: int) -> "Floats":
    """Return the same as `_one_against_rest` for each epoch: from ranks, of which equal scores share one."""
    import numpy as np

    scores = images.scores[:, :, label]  # importing scipy.stats.rankdata would take longer than most selections
    order = np.argsort(scores, axis=1, kind="stable")
    ascending = np.take_along_axis(scores, order, axis=1)
    is_positive = (images.labels == label)[order]
    places = np.arange(1.0, scores.shape[1] + 1)
    ranks = np.broadcast_to(places, scores.shape)
    starts = np.ones(scores.shape, dtype=bool)
    starts[:, 1:] = ascending[:, 1:] != ascending[:, :-1]
    if not starts.all():
        ends = np.roll(starts, -1, axis=1)
        first = np.maximum.accumulate(np.where(starts, places, 0), axis=1)
        last = np.minimum.accumulate(np.where(ends, places, np.inf)[:, ::-1], axis=1)[:, ::-1]
        ranks = (first + last) / 2
    positives = int(is_positive[0].sum())
    wins = np.where(is_positive, ranks, 0).sum(axis=1) - positives * (positives + 1) / 2
    area: Floats = wins / np.float64(positives * (scores.shape[1] - positives))
    return area


def _one_against_rest(images: "Scored", label: int) -> "Floats":
    """Return the share of pairs in which the image of the class scores higher than the other one: (W,).

    A pair with equal scores counts one half (Mann and Whitney's U over the number of pairs).
    """
    import numpy as np

    scores = images.scores[:, label]
    order = np.argsort(scores, kind="stable")
    weights = np.ones((len(order), 1), dtype=np.float32) if images.weights is None else images.weights[order]
    is_positive = (images.labels[order] == label)[:, None]
    positives, negatives = np.where(is_positive, weights, np.float32(0)), np.where(is_positive, np.float32(0), weights)
    starts = np.flatnonzero(np.append(True, scores[order][1:] != scores[order][:-1]))
    if len(starts) < len(order):  # images with equal scores share a rank
        positives, negatives = (np.add.reduceat(part, starts, axis=0) for part in (positives, negatives))
    below = np.cumsum(negatives, axis=0) - negatives / 2
    pairs = positives.sum(axis=0, dtype=np.float64) * negatives.sum(axis=0, dtype=np.float64)
    area: Floats = np.einsum("ij,ij->j", positives, below, dtype=np.float64) / pairs
    return area


METRICS = {
    "auc": Metric(
        "AUC",
        "area under the ROC curve, of one class against the rest and averaged over the classes",
        values=_auc,
        epochs_at_once=True,
        averaging="macro",
        averagings={"weighted": Averaging("weighted by the test images of the classes", _auc_weighted, min_classes=3)},
    )
}
