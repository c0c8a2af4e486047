"""The images of a listing, decoded, cut, flipped and resized.

Images are 8-bit PNG, JPEG, TIFF, BMP or PPM. They are rotated by their EXIF orientation, converted to gray or color,
and resized to a square by area averaging (as OpenCV's INTER_AREA does when it shrinks an image); the aspect ratio is
not kept.
"""

import io
import warnings
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from scipy.sparse import csr_array

from medattn.errors import UserError
from medattn.sources.base import SPLITS
from medattn.sources.folders.listed_files import HashOfImages, image_content, table_files
from medattn.sources.image_folder import ImageListing, ListedImage
from medattn.sources.pixels.source_data import Images, SourceData, Split
from medattn.sources.pixels.spooled_images import SpooledImages

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "PPM")
_EIGHT_BIT = {"1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"}


def read_listing(listing: ImageListing, shape: tuple[int, int], scratch: Path | None = None) -> SourceData:
    """Read the images of a listing.

    Args:
        listing: the images.
        shape: height (which is the width) in pixels, and channels of the result.
        scratch: folder for temporary files, where images are too large for memory; None: use memory only.

    Raises:
        UserError: an image is missing, unreadable, too large or has the wrong size; names it.
    """
    together = HashOfImages()
    size, channels = shape
    spooled = {name: SpooledImages(scratch) for name in SPLITS}
    for image in listing.images:
        content = image_content(image)
        together.add(image, content)
        pixels = _cut(listing, image, _pixels(image, content, channels))
        if listing.spacing is not None:
            pixels = resampled(pixels, listing.spacing)
        if listing.crop is not None:
            pixels = middle(pixels, listing.crop)
        spooled[image.split].add(resized(pixels[:, ::-1] if image.flipped else pixels, size))
    splits: dict[str, Split] = {}
    for name in SPLITS:
        members = [image for image in listing.images if image.split == name]
        if members:
            labels = np.array([image.label for image in members], dtype=np.int64)
            groups = [image.patient for image in members if image.patient is not None] or None
            splits[name] = Split(spooled[name].array(), labels, groups, [image.name for image in members])
    files = (*table_files(listing), together.file())
    return SourceData(splits, files, notes=listing.notes)


def resized(image: Images, size: int) -> Images:
    """Resize uint8 (H, W, C) to (size, size, C): each new pixel is the mean of the area that it covers."""
    height, width, channels = image.shape
    if (height, width) == (size, size):
        return image
    # Pillow's BOX filter takes whole pixels only, which is coarse where the size hardly changes (256 to 224).
    rows = _area_weights(height, size) @ image.reshape(height, width * channels).astype(np.float64)
    columns = rows.reshape(size, width, channels).transpose(1, 0, 2).reshape(width, size * channels)
    means = (_area_weights(width, size) @ columns).reshape(size, size, channels).transpose(1, 0, 2)
    return np.asarray(np.clip(np.rint(means), 0, 255), dtype=np.uint8)


def resampled(image: Images, spacing: float) -> Images:
    """Resample uint8 (H, W, C) with `spacing` millimeters between pixels to 1 mm, bilinear."""
    height, width, channels = image.shape
    size = (max(1, round(width * spacing)), max(1, round(height * spacing)))
    opened = Image.fromarray(image[..., 0] if channels == 1 else image).resize(size, Image.Resampling.BILINEAR)
    return np.asarray(opened, dtype=np.uint8).reshape(size[1], size[0], channels)


def middle(image: Images, side: int) -> Images:
    """Return the middle `side` x `side` pixels of uint8 (H, W, C), with zeros where the image is smaller."""
    for axis in (0, 1):
        rest = image.shape[axis] - side
        if rest < 0:
            widths = [(0, 0)] * 3
            widths[axis] = (-rest // 2, -rest - -rest // 2)
            image = np.pad(image, widths)
        else:
            image = image.take(range(rest // 2, rest // 2 + side), axis=axis)
    return image


def _pixels(image: ListedImage, content: bytes, channels: int) -> Images:
    """Decode an image to uint8, (height, width, channels)."""
    named = f"{image.where}: {image.name}"
    try:
        with warnings.catch_warnings():
            # Pillow only warns of images that unpack to more than 90 million pixels: refuse these.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_FORMATS) as opened:
                if opened.mode not in _EIGHT_BIT:
                    raise UserError(f"{named} is not an 8-bit image (mode {opened.mode}); convert it")
                if getattr(opened, "n_frames", 1) > 1:
                    raise UserError(f"{named} holds several images; keep one")
                upright = ImageOps.exif_transpose(opened).convert("L" if channels == 1 else "RGB")
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise UserError(f"{named} is too large ({error})") from error
    except UserError:
        raise
    except Exception as error:  # damaged files make Pillow's decoders raise errors of many kinds
        formats = ", ".join(_FORMATS)
        raise UserError(f"{named} is not a readable image ({formats}) or is damaged") from error
    return np.asarray(upright, dtype=np.uint8).reshape(upright.height, upright.width, channels)


def _cut(listing: ImageListing, image: ListedImage, pixels: Images) -> Images:
    height, width = pixels.shape[:2]
    if listing.size is not None and (width, height) != listing.size:
        wanted = "{} x {}".format(*listing.size)
        raise UserError(
            f"{image.where}: {image.name} has {width} x {height} pixels, but the original has {wanted}; "
            "use the original images, which are not resized"
        )
    if listing.columns is None:
        return pixels
    first, last = listing.columns
    return pixels[:, first : last + 1]


@lru_cache(maxsize=64)
def _area_weights(old: int, new: int) -> csr_array:
    """Return the sparse (new, old) matrix of the shares of old pixels in new ones; rows sum to 1."""
    edges = np.arange(new + 1) * (old / new)
    values, columns, starts = [], [], [0]
    for low, high in pairwise(edges):
        covered = np.arange(int(low), min(old, int(np.ceil(high))))
        share = np.minimum(covered + 1, high) - np.maximum(covered, low)
        values.append(share / share.sum())
        columns.append(covered)
        starts.append(starts[-1] + len(covered))
    return csr_array((np.concatenate(values), np.concatenate(columns), starts), shape=(new, old))
