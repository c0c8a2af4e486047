"""The paired bootstrap over test images: any metric of two trained models on the same images.

Images are drawn with replacement within each class, so every resample has the classes of the test set. If patients are
known, whole patients are drawn, within the patients that have the same classes of images. All models and metrics on a
data set share the same resamples. Source: Efron and Tibshirani, An introduction to the bootstrap, 1993.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from medattn.compare.test_result import CONFIDENCE, TestResult
from medattn.seeding import derive_seed

TEST = "bootstrap"
RESAMPLES = 999

Floats = NDArray[np.floating]


def resample(labels: NDArray[np.integer], patients: Sequence[str] | None, name: str) -> Floats:
    """Return how often each resample has each image: N x (1 + `RESAMPLES`), float32; column 0 is the test set itself.

    Args:
        labels: (N,) classes of the images.
        patients: (N,) patients of the images; None if unknown.
        name: name of the data set, which selects the random stream.
    """
    units = np.arange(len(labels)) if patients is None else np.unique(patients, return_inverse=True)[1]
    draws = np.random.default_rng(derive_seed(0, f"bootstrap/{name}"))
    times = np.empty((int(units.max()) + 1, RESAMPLES), dtype=np.float32)
    for stratum in _strata(labels, units):
        each = np.full(len(stratum), 1 / len(stratum))
        times[stratum] = draws.multinomial(len(stratum), each, RESAMPLES).T
    return np.concatenate([np.ones((len(units), 1), dtype=np.float32), times[units]], axis=1)


def _strata(labels: NDArray[np.integer], units: NDArray[np.integer]) -> list[NDArray[np.integer]]:
    """Return the strata of the drawn units: the units that have the same classes of images."""
    has = np.zeros((int(units.max()) + 1, int(labels.max()) + 1), dtype=bool)
    has[units, labels] = True
    _, stratum = np.unique(has, axis=0, return_inverse=True)
    stratum = stratum.reshape(-1)  # numpy 2.0.0 returns another shape than other versions
    return [np.flatnonzero(stratum == number) for number in range(int(stratum.max()) + 1)]


def bootstrap(values: Floats, other_values: Floats, n: int, notes: str) -> TestResult:
    """Return the difference of a metric with its 95% percentile interval and p.

    p is twice the share of resamples beyond zero, where the test set itself counts as one more resample.

    Args:
        values: (1 + `RESAMPLES`,), of the first model on the test set and on each resample.
        other_values: the same values for the other model.
        n: number of test images.
        notes: start of the note.
    """
    difference, *others = values - other_values
    differences = np.array(others)[~np.isnan(others)]
    if np.isnan(difference) or len(differences) == 0:
        return TestResult(TEST, n, note="undefined on these test images")
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(differences, [tail, 100 - tail])
    slack = 1e-6  # rounding lets equal models differ
    beyond = min(int((differences <= slack).sum()), int((differences >= -slack).sum()))
    p = min(1.0, 2 * (beyond + 1) / (len(differences) + 1))
    least = 2 / (len(differences) + 1)
    lost = len(others) - len(differences)
    note = "; ".join(part for part in (notes, f"undefined in {lost} resamples" if lost else "") if part)
    return TestResult(TEST, n, float(difference), float(low), float(high), p=p, least_p=least, note=note)
