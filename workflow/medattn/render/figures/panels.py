"""Drawing of images, maps and outlines in the panels of a figure."""

from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from medattn.render.figures.images import Array
from medattn.render.figures.style import GRAY, REGION_COLOR

_FINER = 8


def show_image(ax: Axes, image: Array) -> None:
    """Draw an image, H x W x C in [0, 1]; a single channel in gray."""
    gray = image.shape[-1] == 1
    picture = image[..., 0] if gray else np.clip(image, 0, 1)
    ax.imshow(picture, cmap="gray" if gray else None, extent=extent(image))


def extent(image: Array) -> tuple[float, float, float, float]:
    """Return the borders of an image in its pixels, for a map of another size to be drawn over it."""
    height, width = image.shape[:2]
    return (-0.5, width - 0.5, height - 0.5, -0.5)


def outline(ax: Axes, region: NDArray[np.bool_] | None) -> None:
    """Outline a region, H x W, over an image of the same size; None draws nothing."""
    if region is not None:
        # On a finer grid, the contour follows the edges of the pixels; a border of zeros closes it at the image's edge.
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
    """Break a label between words into lines of at most `length` characters."""
    return fill(text, length, break_on_hyphens=False)


def limits(values: Array) -> tuple[float, float]:
    """Return the limits of a color scale for `values`: their range, widened if they are nearly constant.

    A map whose weights differ by less than a thousandth is drawn in one color, not as noise.
    """
    low, high = float(values.min()), float(values.max())
    least = max(1e-3 * abs(high), 1e-9)
    return (low, high) if high - low >= least else (low - least, high + least)


def range_text(values: Array) -> str:
    """Return the range of `values` as text, shown below a map."""
    low, high = f"{float(values.min()):.4g}", f"{float(values.max()):.4g}"
    return f"{low} to {high}" if low != high else f"{low} everywhere"


def say(ax: Axes, text: str) -> None:
    """Write a text, such as the reason, in an empty panel."""
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=GRAY, fontsize=6, wrap=True)
