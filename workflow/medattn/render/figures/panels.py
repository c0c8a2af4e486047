"""Panels with images and maps: how they are framed, laid over one another and outlined."""

from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from medattn.render.figures.images import Array
from medattn.render.figures.style import GRAY, REGION_COLOR

_FINER = 8


def show_image(ax: Axes, image: Array) -> None:
    """Draw an image, H x W x C in [0, 1]; of a single channel in gray."""
    gray = image.shape[-1] == 1
    picture = image[..., 0] if gray else np.clip(image, 0, 1)
    ax.imshow(picture, cmap="gray" if gray else None, extent=extent(image))


def extent(image: Array) -> tuple[float, float, float, float]:
    """Return an image's borders in its own pixels, which a map of another size is laid over."""
    height, width = image.shape[:2]
    return (-0.5, width - 0.5, height - 0.5, -0.5)


def outline(ax: Axes, region: NDArray[np.bool_] | None) -> None:
    """Outline a region (H x W) over an image of that size; nothing where there is none."""
    if region is not None:
        # Finer than the pixels, the contour follows their edges; a border of zeros closes it at the image's.
        fine = np.pad(np.kron(region, np.ones((_FINER, _FINER))), 1)
        rows, columns = ((np.arange(-1, n * _FINER + 1) + 0.5) / _FINER - 0.5 for n in region.shape)
        limits = ax.get_xlim(), ax.get_ylim()
        ax.contour(columns, rows, fine, levels=[0.5], colors=["white"], linewidths=1.8)
        ax.contour(columns, rows, fine, levels=[0.5], colors=[REGION_COLOR], linewidths=0.9)
        ax.set(xlim=limits[0], ylim=limits[1])


def frame(ax: Axes) -> None:
    """Draw a thin frame without ticks."""
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(True)
        spine.set_linewidth(0.5)


def wrapped(text: str, length: int = 18) -> str:
    """Return a label on lines of at most `length` characters, broken between words only."""
    return fill(text, length, break_on_hyphens=False)


def limits(values: Array) -> tuple[float, float]:
    """Return the ends of a scale for `values`: their range, and a little around them where they hardly differ.

    So a map that differs by less than a thousandth of its weights is drawn in one color, and not as noise.
    """
    low, high = float(values.min()), float(values.max())
    least = max(1e-3 * abs(high), 1e-9)
    return (low, high) if high - low >= least else (low - least, high + least)


def range_text(values: Array) -> str:
    """Return the least and the greatest value in words, for below a map."""
    low, high = f"{float(values.min()):.4g}", f"{float(values.max()):.4g}"
    return f"{low} to {high}" if low != high else f"{low} throughout"


def say(ax: Axes, text: str) -> None:
    """Write in an empty panel why it is empty."""
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=GRAY, fontsize=6, wrap=True)
