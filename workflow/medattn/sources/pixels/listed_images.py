"""The images of a listing, decoded, cut, flipped and resized.

Images are rotated by their EXIF orientation, converted to 8 bits and to gray or color, and resized to a square by area
averaging (as OpenCV's INTER_AREA does when it shrinks an image); the aspect ratio is not kept.
"""

from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.sparse import csr_array

from medattn.errors import UserError
from medattn.sources.base import SPLITS
from medattn.sources.folders.listed_files import HashOfImages, image_content, table_files
from medattn.sources.image_folder import ImageListing, ListedImage
from medattn.sources.pixels.dicom_files import is_dicom, read_dicom
from medattn.sources.pixels.image_bands import as_array
from medattn.sources.pixels.nifti_files import check_nifti, is_nifti, read_nifti
from medattn.sources.pixels.picture_files import FORMATS, read_picture
from medattn.sources.pixels.source_data import Images, SourceData, Split
from medattn.sources.pixels.spooled_images import SpooledImages
from medattn.sources.pixels.stored_image import decoded_or_refused, refuse_large, to_8_bit

_DARK = 64
_BAND = 1 << 20
"""Values of a band of an image that are floats at once."""


def read_listing(listing: ImageListing, shape: tuple[int, int], scratch: Path | None = None) -> SourceData:
    """Read the images of a listing.

    Args:
        listing: the images.
        shape: height (which is the width) in pixels, and channels of the result.
        scratch: folder for temporary files, where images are too large for memory; None: use memory only.

    Raises:
        UserError: an image is missing, unreadable, too large or has the wrong size; names it.
    """
    together, brightest = HashOfImages(), 0
    size, channels = shape
    spooled = {name: SpooledImages(scratch) for name in SPLITS}
    for image in listing.images:
        content = _content(listing, image)
        together.add(image, content)
        pixels = _cut(listing, image, _pixels(listing, image, content, channels))
        brightest = max(brightest, int(pixels.max(initial=0)))
        if listing.spacing is not None:
            height, width = pixels.shape[:2]
            refuse_large(round(width * listing.spacing), round(height * listing.spacing), f"{image.name}, resampled,")
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
    return SourceData(splits, files, notes=(*listing.notes, *_dark(listing, brightest)))


def _dark(listing: ImageListing, brightest: int) -> tuple[str, ...]:
    """Return a note if a declared window or scaling leaves all images dark, as with 12-bit values in 16-bit files."""
    if brightest >= _DARK or (listing.window is None and not listing.full_range):
        return ()
    return (f"by the declared window or scaling, the brightest pixel of all images has {brightest} of 255",)


def resized(image: Images, size: int) -> Images:
    """Resize uint8 (H, W, C) to (size, size, C): each new pixel is the mean of the area that it covers."""
    height, width, channels = image.shape
    if (height, width) == (size, size):
        return image
    # Pillow's BOX filter takes whole pixels only, which is coarse where the size hardly changes (256 to 224).
    vertical, horizontal = _area_weights(height, size), _area_weights(width, size)
    result = np.empty((size, size, channels), dtype=np.uint8)
    # As floats, a large image takes gigabytes: its rows become floats band by band.
    band = max(1, _BAND * size // (max(height, size) * width * channels))
    for top in range(0, size, band):
        weights = vertical[top : top + band]
        first, last = int(weights.indices.min()), int(weights.indices.max()) + 1
        pixels = image[first:last].reshape(last - first, width * channels).astype(np.float64)
        rows = weights[:, first:last] @ pixels
        count = len(rows)
        columns = rows.reshape(count, width, channels).transpose(1, 0, 2).reshape(width, count * channels)
        means = (horizontal @ columns).reshape(size, count, channels).transpose(1, 0, 2)
        result[top : top + band] = np.clip(np.rint(means), 0, 255)
    return result


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


def _content(listing: ImageListing, image: ListedImage) -> bytes:
    """Return the bytes of an image file; a volume is refused by its header, before all of it is read."""
    if is_nifti(image.name):
        named = f"{image.where}: {image.name}"
        decoded_or_refused(lambda: check_nifti(image.file, named, listing), named, "NIfTI")
    return image_content(image)


def _pixels(listing: ImageListing, image: ListedImage, content: bytes, channels: int) -> Images:
    """Decode an image to uint8, (height, width, channels)."""
    named = f"{image.where}: {image.name}"
    if is_nifti(image.name):
        stored = decoded_or_refused(lambda: read_nifti(content, named, listing), named, "NIfTI")
    elif is_dicom(content, image.name):
        stored = decoded_or_refused(lambda: read_dicom(content, named), named, "DICOM")
    else:
        stored = decoded_or_refused(lambda: read_picture(content, named, channels), named, ", ".join(FORMATS))
    pixels = to_8_bit(stored, listing, named)
    if channels == 1:
        return pixels[..., np.newaxis] if pixels.ndim == 2 else as_array(Image.fromarray(pixels), "L")[..., np.newaxis]
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., np.newaxis], 3, axis=-1)


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
