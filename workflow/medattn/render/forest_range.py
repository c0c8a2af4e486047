"""The axis of a forest plot, in the figure and on the report's first screen."""

from math import ceil

import pandas as pd

_OPEN_REACH = 1.5
_WIDEST = 4.0  # the widest interval over the narrowest one that are shown in full where all effects are open
ENDS = ["low", "high", "prediction_low", "prediction_high"]


def forest_reach(rows: pd.DataFrame) -> float:
    """Return the greatest difference on the axis, on both sides of 0: whole points, or hundredths of a fraction.

    The axis shows in full: the margin, all mean effects, and the intervals of effects with a verdict. An open effect
    can have any interval: the axis extends to its end only where this takes at most half as much again. Where all
    effects are open, it shows the intervals up to four times as wide as the narrowest one.

    Args:
        rows: rows of answer.csv for one metric.
    """
    decided = rows[rows["verdict"] != "open"]
    needed = [float(rows["margin"].max()), float(rows["difference"].abs().max())]
    needed += decided[["low", "high"]].abs().max().dropna().tolist()
    if decided.empty:
        widths = rows[["low", "high"]].abs().max(axis=1).dropna()
        needed += [min(float(widths.max()), _WIDEST * float(widths.min()))] if len(widths) else []
    base = max(needed)
    ends = rows[ENDS].abs().to_numpy(dtype=float)
    reach = max((float(end) for end in ends.flat if base < end <= _OPEN_REACH * base), default=base)
    steps = 1 if (rows["unit"] == "percent").all() else 100
    return max(1, ceil(steps * reach)) / steps
