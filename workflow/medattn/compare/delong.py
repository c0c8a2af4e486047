"""DeLong's test: the AUC of two given models on the same images.

Source: DeLong, DeLong and Clarke-Pearson, Biometrics 44:837-845, 1988, by the midranks of Sun and Xu, IEEE Signal
Processing Letters 21:1389-1393, 2014. With more than two classes the AUC is the mean over the classes of each against
the rest. The structural component of an image in the mean is then the mean of its components in the classes' AUCs, and
their variance is taken within each class of images; with two classes this is DeLong's own variance.
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
class Components:
    """The AUC of a model, and what each image has in it.

    Attributes:
        auc: of the second of two classes, or the mean over the classes of each against the rest; a fraction.
        shares: (N,), an image's structural component over the number of images like it, positive or negative.
        classes: number of classes over which the mean is taken; 0 where the images have a single class.
    """

    auc: float
    shares: Floats
    classes: int


def delong(first: Components, second: Components, labels: NDArray[np.integer]) -> TestResult:
    """Return the difference of AUCs in percentage points with its 95% interval and p.

    Args:
        first: of the first model.
        second: of the other model, on the same images.
        labels: (N,).
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
        return TestResult(TEST, n, difference, p=p, note="no variance: both models order the images alike")
    error = float(np.sqrt(variance))
    half = float(ndtri((1 + CONFIDENCE) / 2)) * error
    p = 2 * float(ndtr(-abs(difference) / error))
    note = "" if first.classes == 1 else "mean AUC of each class against the rest"
    return TestResult(TEST, n, difference, difference - half, difference + half, p=p, note=note)


def components(scores: NDArray[np.floating], labels: NDArray[np.integer]) -> Components:
    """Return the AUC of a model and its structural components.

    Args:
        scores: N x classes; of two classes the second one is the positive one.
        labels: (N,).
    """
    present = np.flatnonzero(np.bincount(labels))
    if len(present) < 2:
        return Components(nan, np.zeros(len(labels)), 0)
    wanted = [1] if scores.shape[1] == 2 else present
    total, shares = 0.0, np.zeros(len(labels))
    for label in wanted:
        positive = labels == label
        m, n = int(positive.sum()), int((~positive).sum())
        ranks = rankdata(scores[:, label])
        below = np.empty(len(labels))  # of a positive image the share of negative ones below it; else the share above
        below[positive] = (ranks[positive] - rankdata(scores[positive, label])) / n
        below[~positive] = 1 - (ranks[~positive] - rankdata(scores[~positive, label])) / m
        total += float(below[positive].mean())
        shares += np.where(positive, below / m, below / n)
    return Components(total / len(wanted), shares / len(wanted), len(wanted))
