"""Holm's correction for several tests (Holm 1979, Scandinavian Journal of Statistics 6:65-70)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from statsmodels.stats.multitest import multipletests


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Return the adjusted p of each test, in the order given.

    Args:
        p: raw p of all tests of one family. A NaN (no test) stays NaN and is not counted.
    """
    adjusted = np.array(p, dtype=np.float64)
    tested = ~np.isnan(adjusted)
    if tested.any():
        adjusted[tested] = multipletests(adjusted[tested], method="holm")[1]
    return adjusted
