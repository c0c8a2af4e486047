"""NIfTI files, by nibabel: an image of one slice, or a declared slice of a volume, in the file's orientation.

A slice shows x (left to right) or y (back to front) from left to right, and z (bottom to top) or y upward.
"""

import gzip
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from medattn.errors import UserError
from medattn.sources.image_folder import ImageListing
from medattn.sources.pixels.stored_image import StoredImage, refuse_large, rescaled_range

ENDINGS = (".nii", ".nii.gz")
_MOST_BYTES = 1 << 29
_NIFTI_2 = 540  # bytes of its header, which start the file
_NORMAL = {"sagittal": 0, "coronal": 1, "axial": 2}


def is_nifti(name: str) -> bool:
    """Return whether a file is NIfTI, by its name."""
    return name.lower().endswith(ENDINGS)


def read_nifti(content: bytes, named: str, listing: ImageListing) -> StoredImage:
    """Read an image of one slice, or the slice of a volume that the source declares.

    Raises:
        UserError: nibabel is not installed, or the file holds a volume and no slice is declared, several volumes,
            values that are no numbers, or too many.
    """
    try:
        import nibabel
        from nibabel.imageglobals import logger
    except ImportError as error:
        raise UserError(
            f"{named} is a NIfTI file, which needs nibabel; run `pip install nibabel` in this environment"
        ) from error
    with _without_output(logger), _opened(content) as stream:  # the error says what nibabel would log
        start = stream.read(4)
        is_second = _NIFTI_2 in (int.from_bytes(start, "little"), int.from_bytes(start, "big"))
        kind = nibabel.Nifti2Image if is_second else nibabel.Nifti1Image
        rest = stream.read(kind.header_class.sizeof_hdr - 4)
        header = kind.header_class.from_fileobj(io.BytesIO(start + rest))
        shape, dtype = header.get_data_shape(), header.get_data_dtype()
        size = int(header.get_data_offset()) + int(np.prod(shape, dtype=object)) * dtype.itemsize
        if size > _MOST_BYTES:
            raise UserError(f"{named} is too large: {size} bytes; volumes of up to {_MOST_BYTES} are read")
        if dtype.kind not in "iuf":
            raise UserError(f"{named} holds values of the type {dtype}, not one number for each pixel")
        volume = kind.from_bytes(start + rest + stream.read(max(0, size - len(start + rest))))
    values = _slice(volume, listing, named)
    refuse_large(values.shape[1], values.shape[0], named)
    slope, intercept = header.get_slope_inter()
    limits = None if dtype.kind == "f" else np.iinfo(dtype)
    unscaled = slope in (None, 1) and intercept in (None, 0)
    full_range = None
    if limits is not None:
        full_range = rescaled_range((limits.min, limits.max), slope or 1, intercept or 0, named)
    return StoredImage(
        values,
        f"{8 * dtype.itemsize}-bit {'floats' if limits is None else 'values'}"
        + ("" if unscaled else " rescaled by the file"),
        full_range,
        is_8_bit=dtype == np.uint8 and unscaled,
    )


@contextmanager
def _without_output(logger: logging.Logger) -> Iterator[None]:
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)  # without handlers, Python would print warnings to stderr
    try:
        yield
    finally:
        logger.setLevel(level)


def _opened(content: bytes) -> gzip.GzipFile | io.BytesIO:
    return gzip.GzipFile(fileobj=io.BytesIO(content)) if content[:2] == b"\x1f\x8b" else io.BytesIO(content)


def _slice(volume: Any, listing: ImageListing, named: str) -> npt.NDArray[Any]:
    """Return the slice, (H, W)."""
    import nibabel

    shape = volume.shape
    if any(length > 1 for length in shape[3:]) or len(shape) < 2 or 0 in shape:
        raise UserError(f"{named} holds values of shape {shape}, not an image or a volume; keep one")
    shape = (*shape[:3], *[1] * (3 - len(shape[:3])))
    # For each axis of the file: the axis of the body (0 left to right, 1 back to front, 2 bottom to top), and its sign.
    axes = nibabel.io_orientation(volume.affine)
    if np.isnan(axes).any():
        raise UserError(f"{named} does not say how its axes lie; convert it")
    body = [int(axis) for axis in axes[:, 0]]
    flat = [axis for axis in range(3) if shape[axis] == 1]
    if listing.slice is not None and len(flat) != 1:
        axis = body.index(_NORMAL[listing.slice[0]])
        index = shape[axis] // 2 if listing.slice[1] is None else listing.slice[1]
        if index >= shape[axis]:
            raise UserError(f"{named} has {shape[axis]} {listing.slice[0]} slices, but source.slice.index is {index}")
        if listing.slice[1] is not None and axes[axis, 1] < 0:
            index = shape[axis] - 1 - index
    elif flat:
        axis, index = flat[-1], 0
    else:
        raise UserError(
            f"{named} is a volume of {shape}; declare in the source which `slice` is read, such as "
            "slice: {plane: axial}"
        )
    place = [index if other == axis else slice(None) for other in range(3)][: len(volume.shape)]
    picked = np.asarray(volume.dataobj[(*place, *[0] * (len(volume.shape) - 3))])  # reads and scales only the slice
    left = [other for other in range(3) if other != axis]
    for position, other in enumerate(left):
        if axes[other, 1] < 0:
            picked = np.flip(picked, position)
    if body[left[0]] > body[left[1]]:
        picked = picked.T
    # The first axis runs to the right; the second upward, and rows of an image run downward.
    return np.ascontiguousarray(picked.T[::-1])
