"""DeLong's test: the AUCs of two models on the same images.

Source: DeLong, DeLong and Clarke-Pearson, Biometrics 44:837-845, 1988, computed with the midranks of Sun and Xu, IEEE
Signal Processing Letters 21:1389-1393, 2014. With more than two classes, the AUC is the mean over the classes of each
against the rest. The structural component of an image is then the mean of its components in the AUCs of the classes,
and the variance is computed within each class of images. With two classes this is DeLong's variance.
"""

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from medattn.compare.test_result import CONFIDENCE, TestResult

TEST = "delong"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class AucComponents:
    """The AUC of a model with the structural components of the images.

    Attributes:
        auc: fraction; of the second of two classes, or the mean over the classes of each against the rest.
        shares: (N,), structural component of each image, divided by the number of images on its side (positive or
            negative).
        classes: number of classes in the mean; 0 if the images have a single class.
    """

    auc: float
    shares: Floats
    classes: int


def delong(first: AucComponents, second: AucComponents, labels: NDArray[np.integer]) -> TestResult:
    """Test the difference of two AUCs, in percentage points.

    Args:
        first: components of the first model.
        second: components of the second model, for the same images.
        labels: (N,) classes of the images.
    """
    n = len(labels)
    if not first.classes:
        return TestResult(TEST, n, note="the test images have a single class")
    counts = np.bincount(labels)
    present = np.flatnonzero(counts)
    difference = 100 * (first.auc - second.auc)
    if min(counts[present]) < 2:
        return TestResult(TEST, n, difference, note="a class has a single test image: no variance")
    parts = 100 * (first.shares - second.shares)
    variance = sum(float(counts[label] * parts[labels == label].var(ddof=1)) for label in present)
    if variance <= 1e-18:
        p = 1.0 if abs(difference) < 1e-9 else float("nan")
        return TestResult(TEST, n, difference, p=p, note="no variance: both models rank the images the same")
    error = float(np.sqrt(variance))
    half = float(ndtri((1 + CONFIDENCE) / 2)) * error
    p = 2 * float(ndtr(-abs(difference) / error))
    note = "" if first.classes == 1 else "mean AUC of each class against the rest"
    return TestResult(TEST, n, difference, difference - half, difference + half, p=p, note=note)


def auc_components(scores: NDArray[np.floating], labels: NDArray[np.integer]) -> AucComponents:
    """Return the AUC of a model and its structural components.

    Args:
        scores: N x K; of two classes, the second is the positive one.
        labels: (N,) classes of the images.
    """
    present = np.flatnonzero(np.bincount(labels))
    if len(present) < 2:
        return AucComponents(nan, np.zeros(len(labels)), 0)
    positive_classes = [1] if scores.shape[1] == 2 else present
    total, shares = 0.0, np.zeros(len(labels))
    for label in positive_classes:
        positive = labels == label
        m, n = int(positive.sum()), int((~positive).sum())
        ranks = rankdata(scores[:, label])
        below = np.empty(len(labels))  # share of negatives below a positive image, of positives above a negative one
        below[positive] = (ranks[positive] - rankdata(scores[positive, label])) / n
        below[~positive] = 1 - (ranks[~positive] - rankdata(scores[~positive, label])) / m
        total += float(below[positive].mean())
        shares += np.where(positive, below / m, below / n)
    return AucComponents(total / len(positive_classes), shares / len(positive_classes), len(positive_classes))
