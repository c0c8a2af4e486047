"""The axis of a forest plot, in the figure and on the report's first screen."""

from math import ceil

import pandas as pd

_OPEN_REACH = 2.0
ENDS = ["low", "high", "prediction_low", "prediction_high"]


def forest_reach(rows: pd.DataFrame) -> float:
    """Return the greatest difference on the axis, on both sides of 0: whole points, or hundredths of a fraction.

    The axis shows in full: the margin, all mean effects, and the intervals of effects with a verdict. It extends to
    twice this range at most, so that an open effect, whose interval can be of any width, does not squeeze the others.

    Args:
        rows: rows of answer.csv for one metric.
    """
    decided = rows[rows["verdict"] != "open"]
    needed = [float(rows["margin"].max()), float(rows["difference"].abs().max())]
    needed += decided[["low", "high"]].abs().max().dropna().tolist()
    base = max(needed)
    ends = [value for value in rows[ENDS].abs().max().dropna() if value > base]
    steps = 1 if (rows["unit"] == "percent").all() else 100
    return max(1, ceil(steps * min(max(ends, default=base), _OPEN_REACH * base))) / steps
