"""Conversion of large images band by band: each copy of a whole one takes hundreds of megabytes."""

from collections.abc import Iterator

import numpy as np
from PIL import Image

from medattn.sources.pixels.source_data import Images

_BAND = 1 << 20
"""Pixels of a band."""


def bands(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """Yield the first row of each band of an image, and the band."""
    height = max(1, _BAND // image.width)
    for top in range(0, image.height, height):
        yield top, image.crop((0, top, image.width, min(top + height, image.height)))


def as_array(image: Image.Image, mode: str) -> Images:
    """Return the pixels of an image, converted to the mode L, (H, W), or RGB, (H, W, 3)."""
    pixels = np.empty((image.height, image.width) if mode == "L" else (image.height, image.width, 3), dtype=np.uint8)
    for top, band in bands(image):
        pixels[top : top + band.height] = np.asarray(band if band.mode == mode else band.convert(mode))
    return pixels


def has_transparent_pixels(image: Image.Image) -> bool:
    """Return whether a pixel of an image lets through what lies behind it."""
    if "A" not in image.mode and "transparency" not in image.info:
        return False
    return any(band.convert("RGBA").getchannel("A").getextrema() != (255, 255) for _, band in bands(image))
