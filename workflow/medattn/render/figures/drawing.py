"""The result of drawing a figure, and the look-up of the function that draws a kind of figure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.errors import UserError
from medattn.own_code import call_own, own_function, own_name
from medattn.reading import open_file
from medattn.render.figures.style import GRAY, ONE_COLUMN
from medattn.render.inputs import Inputs


@dataclass(frozen=True)
class Drawing:
    """A drawn figure with its data and the sentences of its caption.

    Attributes:
        figure: the matplotlib figure.
        numbers: the values that the figure shows, saved as CSV next to it.
        datasets: the data sets that it shows.
        facts: sentences of the caption.
        unseen: sentences that say what the figure does not show and why, for the caption and the foot of the figure.
    """

    figure: Figure
    numbers: pd.DataFrame
    datasets: Sequence[str] = ()
    facts: Sequence[str] = field(default_factory=tuple)
    unseen: Sequence[str] = field(default_factory=tuple)


_REASON = "reason"
"""The only column of the data of an empty figure."""

Draw = Callable[[Inputs, ResolvedPaper, Declared], Drawing]


def drawer(kind: str) -> Draw:
    """Return the function that draws a kind of figure, which the configuration has validated."""
    if own_name(kind) is not None:
        return partial(_draw_own, kind)
    draw: Draw = import_module(f"{__package__}.kinds.{kind}").draw
    return draw


def is_empty_figure(numbers: Path) -> bool:
    """Return whether the data of a figure, <name>.csv, say that there was nothing to draw."""
    if not numbers.is_file():
        return False
    with open_file(numbers) as stream:
        return stream.readline(1000).strip() == _REASON.encode()


def _draw_own(kind: str, inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw a figure by a function of the user.

    Raises:
        UserError: it can't be imported, raises an error, or returns something else than a `Drawing`; gives file and
            line.
    """
    drawing = call_own(kind, inputs, paper, declared)
    place = own_function(kind).place
    if not isinstance(drawing, Drawing):
        returned = type(drawing).__name__
        raise UserError(f"{place}: {kind} returned {returned}, not a Drawing (medattn.render.figures.drawing)")
    for part, wanted in (("figure", Figure), ("numbers", pd.DataFrame)):
        if not isinstance(value := getattr(drawing, part), wanted):
            raise UserError(f"{place}: `{part}` of its Drawing is {type(value).__name__}, not {wanted.__name__}")
    for name in drawing.datasets:
        if name not in inputs.configuration.datasets:
            raise UserError(f"{place}: `datasets` of its Drawing names '{name}', which is no data set of the selection")
    return drawing


def nothing_to_draw(reason: str) -> Drawing:
    """Return an otherwise empty figure that states why there is nothing to show."""
    figure = Figure(figsize=(ONE_COLUMN, 0.8))
    figure.text(0.5, 0.5, reason, ha="center", va="center", wrap=True, color=GRAY)
    return Drawing(figure, pd.DataFrame({_REASON: [reason]}), facts=[reason])
