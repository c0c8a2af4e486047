"""A figure of which nothing was measured says so, instead of not being there."""

import pandas as pd
from matplotlib.figure import Figure

from medattn.render.figures.kinds import Drawing
from medattn.render.figures.style import GRAY, ONE_COLUMN


def nothing_to_draw(reason: str) -> Drawing:
    """Return a figure that states why there is nothing in it."""
    figure = Figure(figsize=(ONE_COLUMN, 0.8))
    figure.text(0.5, 0.5, reason, ha="center", va="center", wrap=True, color=GRAY)
    return Drawing(figure, pd.DataFrame({"reason": [reason]}), facts=[reason])
