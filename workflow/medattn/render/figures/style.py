"""Common style of all figures: sizes, fonts and colors for a journal page, and reproducible files."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox

from medattn.config.resolved import ResolvedPaper
from medattn.files import atomic_write

# Widths in inches of figures that span one and two columns of a page.
ONE_COLUMN, TWO_COLUMNS = 3.5, 7.2
# Perceptually uniform and monotone in lightness, so that it also works in gray; dark is large, as in the papers.
MAP_COLORS = "mako_r"
GRAY = "0.45"
REGION_COLOR = "#D55E00"
SEED_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#a37c00", "#3f8fc4")
"""Colors of seeds, the same in figures and on the page (`--c0` to `--c5` of page.css); they repeat after six seeds."""

_FONT_SIZE = 7.0
_SETTINGS: dict[Any, Any] = {
    # The font that matplotlib ships, so that figures are the same on every machine.
    "font.family": "DejaVu Sans",
    "font.size": _FONT_SIZE,
    "axes.titlesize": _FONT_SIZE,
    "axes.labelsize": _FONT_SIZE,
    "xtick.labelsize": _FONT_SIZE - 1,
    "ytick.labelsize": _FONT_SIZE - 1,
    "legend.fontsize": _FONT_SIZE - 0.5,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.0,
    "legend.frameon": False,
    "image.interpolation": "nearest",
    # Text stays searchable, and element ids are the same in every file.
    "svg.fonttype": "none",
    "svg.hashsalt": "medattn",
    "savefig.facecolor": "white",
    # Labels are text: a dollar sign begins no formula.
    "text.parse_math": False,
}
_DPI = 200
# Decimals of the positions of axes, as fractions of the figure: a thousandth of a pixel has six.
_DECIMALS = 9
# Characters for each inch of width, for text of 6 points.
_CHARACTERS_PER_INCH = 21


@contextmanager
def style() -> Iterator[None]:
    """Apply the style inside the context, and restore the previous settings afterwards."""
    with mpl.rc_context(), sns.color_palette("colorblind"):
        for name, value in _SETTINGS.items():
            mpl.rcParams[name] = value
        yield


Palette = dict[str, tuple[float, float, float]]


def arm_colors(paper: ResolvedPaper) -> Palette:
    """Return a color-blind safe color for each arm, the same in all figures; colors repeat after ten arms."""
    names = [name for name, arm in paper.arms.items() if not arm.classifier]
    palette = sns.color_palette("colorblind", len(names))
    return {name: tuple(color) for name, color in zip(names, palette, strict=True)}


def seed_color(seed: int) -> str:
    """Return the color of a seed, the same in all figures and on the page."""
    return SEED_COLORS[seed % len(SEED_COLORS)]


def seed_handles(seeds: Iterable[int]) -> list[Line2D]:
    """Return an entry of a legend for each seed, in order; none for a single seed."""
    ordered = sorted(set(seeds))
    if len(ordered) < 2:
        return []
    return [
        Line2D([], [], color=seed_color(seed), marker="o", linestyle="", markersize=4, label=f"seed {seed}")
        for seed in ordered
    ]


def attention_legend(figure: Figure) -> None:
    """Draw a bar from low to high attention above the panels of a figure whose maps have separate scales."""
    height = figure.get_figheight()
    ax = figure.add_axes((0.42, 1 + 0.06 / height, 0.16, 0.07 / height))
    ax.imshow([[step / 255 for step in range(256)]], cmap=MAP_COLORS, aspect="auto")
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(True)
        spine.set_linewidth(0.4)
    for x, side, words in ((-0.04, "right", "low attention"), (1.04, "left", "high attention (dark)")):
        ax.text(x, 0.5, words, transform=ax.transAxes, ha=side, va="center", fontsize=6)


def write_at_foot(figure: Figure, text: str) -> None:
    """Write a remark in gray below a figure; an empty text writes nothing."""
    if text:
        lines = fill(text, int(figure.get_figwidth() * _CHARACTERS_PER_INCH))
        figure.text(0.01, -0.03 / figure.get_figheight(), lines, ha="left", va="top", color=GRAY, fontsize=6)


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write <folder>/<name>.svg and <name>.png atomically, without dates or versions."""
    _fix_layout(figure)
    metadata = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}
    for suffix, entries in metadata.items():
        atomic_write(
            folder / f"{name}.{suffix}",
            lambda aside, suffix=suffix, entries=entries: figure.savefig(  # type: ignore[misc]
                aside, format=suffix, dpi=_DPI, metadata=entries, bbox_inches="tight", pad_inches=0.03
            ),
        )


def _fix_layout(figure: Figure) -> None:
    """Arrange the axes, and round their positions.

    The solver of the layout orders its sums by memory addresses, so that the last digits differ each time. Ids of clip
    paths are hashes of all digits.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for ax in figure.axes:
        position = ax.get_position(original=True)
        ax.set_position(Bbox(position.get_points().round(_DECIMALS)))
