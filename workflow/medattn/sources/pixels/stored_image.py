"""An image with the values that its file stores, and the rules that turn them into 8 bits."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from medattn.errors import UserError
from medattn.sources.image_folder import ImageListing
from medattn.sources.pixels.quiet_libraries import quiet_libraries
from medattn.sources.pixels.source_data import Images

MOST_PIXELS = 50_000_000
"""Pixels of the largest image that is read: 200 MB in memory as Pillow decodes it."""
_LONGEST_SIDE = 100_000
_BAND = 1 << 20
"""Values of a band of an image that are scaled at once."""
_OBJECT = re.compile(r"<[^<>]* at 0x[0-9a-f]+>")
"""Name of an object in memory, which libraries put into their messages, and which tells a reader nothing."""


Decoded = TypeVar("Decoded")


@dataclass(frozen=True)
class StoredImage:
    """An image as its file stores it.

    Attributes:
        values: (H, W) or, in color, (H, W, 3), whole numbers or floats, in the units of the file.
        kind: depth of the values, for messages, such as "16-bit values".
        full_range: smallest and largest value that the depth allows; None for floats.
        is_8_bit: whether the values are brightness from 0 to 255.
        inverted: whether the smallest value is white.
    """

    values: npt.NDArray[Any]
    kind: str
    full_range: tuple[float, float] | None
    is_8_bit: bool = False
    inverted: bool = False


def to_8_bit(image: StoredImage, listing: ImageListing, named: str) -> Images:
    """Return an image as uint8, (H, W) or (H, W, 3), by the window or scaling that its source declares.

    Raises:
        UserError: the image is not 8-bit and nothing is declared, or values are not finite.
    """
    if listing.window is not None:
        pixels = _scaled(image.values, *listing.window, named)
    elif image.is_8_bit:
        pixels = np.asarray(image.values, dtype=np.uint8)
    elif listing.full_range and image.full_range is not None:
        pixels = _scaled(image.values, *image.full_range, named)
    else:
        choices = "`window`" if image.full_range is None else "`window` or `scaling: full-range`"
        raise UserError(
            f"{named} is not an 8-bit image: it holds {image.kind} from {image.values.min():g} to "
            f"{image.values.max():g}; declare in the source of the data set how they become brightness, by {choices}"
        )
    return 255 - pixels if image.inverted else pixels


def refuse_large(width: int, height: int, named: str) -> None:
    """Refuse an image with more pixels than can be read, before it is decoded.

    Raises:
        UserError: it has more.
    """
    if width * height > MOST_PIXELS:
        raise UserError(f"{named} is too large: {width} x {height} pixels; images of up to {MOST_PIXELS} are read")
    if max(width, height) > _LONGEST_SIDE:
        raise UserError(
            f"{named} is too large: {width} x {height} pixels; images of up to {_LONGEST_SIDE} in a row or column "
            "are read"
        )


def rescaled_range(limits: tuple[float, float], slope: float, intercept: float, named: str) -> tuple[float, float]:
    """Return the range of values after slope and intercept of a file.

    Raises:
        UserError: they leave no range of finite numbers.
    """
    low, high = sorted(slope * float(limit) + intercept for limit in limits)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UserError(
            f"{named} has the slope {slope:g} and the intercept {intercept:g}, which leave no range of values; "
            "correct the file"
        )
    return low, high


def decoded_or_refused(decode: Callable[[], Decoded], named: str, formats: str) -> Decoded:
    """Decode an image or its header, and name it if that fails: libraries raise errors of many kinds for damaged files.

    Raises:
        UserError: the image can't be decoded.
    """
    try:
        with quiet_libraries():
            return decode()
    except UserError:
        raise
    except Exception as error:
        reason = " ".join(_OBJECT.sub("", str(error)).split())[:200] or type(error).__name__
        raise UserError(
            f"{named} is not a readable image ({formats}) or is damaged: {reason}; replace the file"
        ) from error


def _scaled(values: npt.NDArray[Any], low: float, high: float, named: str) -> Images:
    scaled = np.empty(values.shape, dtype=np.uint8)
    band = max(1, _BAND * len(values) // max(1, values.size))
    for top in range(0, len(values), band):
        part = values[top : top + band].astype(np.float64)
        if not np.isfinite(part).all():
            raise UserError(f"{named} holds values that are not finite numbers; replace them")
        with np.errstate(over="ignore"):  # a narrow window makes large shares, which are white
            share = (part - low) / (high - low)
        scaled[top : top + band] = np.rint(255 * np.clip(share, 0, 1))
    return scaled
