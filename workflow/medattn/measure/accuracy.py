"""Accuracy from kept scores."""

import numpy as np


def accuracy_percent(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the accuracy in percent after each epoch.

    Args:
        scores: epochs x N x classes.
        labels: N.

    Returns:
        epochs, float64. Among equal scores the first class counts as predicted; NaN predicts none.
    """
    correct = ~np.isnan(scores).any(axis=2) & (scores.argmax(axis=2) == labels)
    percent: np.ndarray = 100.0 * correct.sum(axis=1) / len(labels)
    return percent
