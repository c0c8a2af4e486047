"""The registry of figure kinds: a kind is a file in this folder with a function under its name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module

import pandas as pd
from matplotlib.figure import Figure

from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.render.inputs import Inputs


@dataclass(frozen=True)
class Drawing:
    """A drawn figure.

    Attributes:
        figure: what is saved.
        numbers: the numbers that are drawn, or stated in it, for a file beside it.
        datasets: the data sets that it shows.
        facts: sentences for the caption.
        unseen: sentences on what it should show and can't, and why, for the caption and the foot of the figure.
    """

    figure: Figure
    numbers: pd.DataFrame
    datasets: Sequence[str] = ()
    facts: Sequence[str] = field(default_factory=tuple)
    unseen: Sequence[str] = field(default_factory=tuple)


Draw = Callable[[Inputs, ResolvedPaper, Declared], Drawing]
_KINDS: dict[str, Draw] = {}


def figure_kind(name: str) -> Callable[[Draw], Draw]:
    """Register a function that draws figures of the kind `name`, in the file of the same name."""

    def register(draw: Draw) -> Draw:
        _KINDS[name] = draw
        return draw

    return register


def drawer(kind: str) -> Draw:
    """Return the function that draws figures of a kind; the configuration knows no other kinds than these."""
    import_module(f"{__package__}.{kind}")
    return _KINDS[kind]
