"""Holm's correction for several tests (Holm 1979, Scandinavian Journal of Statistics 6:65-70).

The result is that of `multipletests` of statsmodels, which a test checks. `multipletests` collects garbage in every
call: that takes 60 ms instead of 0.01 ms. Families differ in size, so one call cannot correct several, and the default
selection has more than a thousand of them.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Return the adjusted p of each test, in the order given.

    Args:
        p: raw p of all tests of one family. A NaN (no test) stays NaN and is not counted.
    """
    raw = np.asarray(p, dtype=np.float64)
    adjusted = np.full_like(raw, np.nan)
    order = [int(i) for i in np.argsort(raw, kind="stable") if not np.isnan(raw[i])]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(factors * raw[order]))
    return adjusted
