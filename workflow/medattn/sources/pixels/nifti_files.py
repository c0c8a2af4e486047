"""NIfTI files, by nibabel: an image of one slice, or a declared slice of a volume, in the file's orientation.

A slice shows x (left to right) or y (back to front) from left to right, and z (bottom to top) or y upward. The header
is read first, and of the volume no more than the slice stays in memory.
"""

import gzip
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from medattn.errors import UserError
from medattn.reading import open_file
from medattn.sources.image_folder import ImageListing
from medattn.sources.pixels.stored_image import StoredImage, refuse_large, rescaled_range

ENDINGS = (".nii", ".nii.gz")
_MOST_BYTES = 1 << 29
_PIECE = 1 << 22
"""Bytes of a volume that are in memory at once, where its lines are shorter."""
_NIFTI_2 = 540  # bytes of its header, which start the file
_NORMAL = {"sagittal": 0, "coronal": 1, "axial": 2}
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class _Cut:
    """The slice that is read: `shape` of the file with three axes, the axis that it is normal to, and its number.

    `axes` has for each axis of the file that of the body (0 left to right, 1 back to front, 2 bottom to top) and its
    sign.
    """

    shape: tuple[int, int, int]
    axis: int
    index: int
    axes: npt.NDArray[Any]

    @property
    def left(self) -> list[int]:
        """The two axes of the file that the slice has."""
        return [axis for axis in range(3) if axis != self.axis]


def is_nifti(name: str) -> bool:
    """Return whether a file is NIfTI, by its name."""
    return name.lower().endswith(ENDINGS)


def check_nifti(path: Path, named: str, listing: ImageListing) -> None:
    """Check by its header that a file can be read; raises as `read_nifti`."""
    with open_file(path, "replace the image") as file, _opened(file) as stream:
        _cut(_header(stream, named), listing, named)


def read_nifti(content: bytes, named: str, listing: ImageListing) -> StoredImage:
    """Read an image of one slice, or the slice of a volume that the source declares.

    Raises:
        UserError: nibabel is not installed, or the file holds a volume and no slice is declared, several volumes,
            values that are no numbers, or too many.
    """
    with _opened(io.BytesIO(content)) as stream:
        header = _header(stream, named)
        cut = _cut(header, listing, named)
        stream.seek(int(header.get_data_offset()))
        values = _upright(_rescaled(_stored(stream, header.get_data_dtype(), cut), header), cut)
    (slope, intercept), dtype = header.get_slope_inter(), header.get_data_dtype()
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


def _opened(file: BinaryIO) -> gzip.GzipFile | BinaryIO:
    start = file.read(len(_GZIP))
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if start == _GZIP else file


def _header(stream: gzip.GzipFile | BinaryIO, named: str) -> Any:
    """Read the header of a file.

    Raises:
        UserError: nibabel is not installed, or the file holds values that are no numbers, or too many.
    """
    try:
        import nibabel
    except ImportError as error:
        raise UserError(
            f"{named} is a NIfTI file, which needs nibabel; run `pip install nibabel` in this environment"
        ) from error
    start = stream.read(4)
    is_second = _NIFTI_2 in (int.from_bytes(start, "little"), int.from_bytes(start, "big"))
    kind = nibabel.Nifti2Image.header_class if is_second else nibabel.Nifti1Image.header_class
    header = kind.from_fileobj(io.BytesIO(start + stream.read(kind.sizeof_hdr - 4)))
    shape, dtype = header.get_data_shape(), header.get_data_dtype()
    size = int(header.get_data_offset()) + int(np.prod(shape, dtype=object)) * dtype.itemsize
    if size > _MOST_BYTES:
        raise UserError(f"{named} is too large: {size} bytes; volumes of up to {_MOST_BYTES} are read")
    if dtype.kind not in "iuf":
        raise UserError(f"{named} holds values of the type {dtype}, not one number for each pixel")
    return header


def _cut(header: Any, listing: ImageListing, named: str) -> _Cut:
    """Return the slice that is read.

    Raises:
        UserError: the file holds a volume and no slice is declared, or several volumes, or has no such slice, or does
            not say how its axes lie.
    """
    import nibabel

    held = header.get_data_shape()
    if any(length > 1 for length in held[3:]) or len(held) < 2 or 0 in held:
        raise UserError(f"{named} holds values of shape {held}, not an image or a volume; keep one")
    shape = (*held[:3], *[1] * (3 - len(held[:3])))
    axes = nibabel.io_orientation(header.get_best_affine())
    if np.isnan(axes).any():
        raise UserError(f"{named} does not say how its axes lie; convert it")
    flat = [axis for axis in range(3) if shape[axis] == 1]
    if listing.slice is not None and len(flat) != 1:
        axis = [int(axis) for axis in axes[:, 0]].index(_NORMAL[listing.slice[0]])
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
    cut = _Cut(shape, axis, index, axes)
    width, height = (shape[each] for each in cut.left)
    refuse_large(width, height, named)
    return cut


def _stored(stream: gzip.GzipFile | BinaryIO, dtype: np.dtype[Any], cut: _Cut) -> npt.NDArray[Any]:
    """Read the stored values of a slice, with the two axes of the file that it has.

    Raises:
        EOFError: the file ends before.
    """
    x, y, z = cut.shape  # x changes fastest
    if cut.axis == 2:
        stream.seek(cut.index * x * y * dtype.itemsize, io.SEEK_CUR)
        return _values(stream, x * y, dtype).reshape((x, y), order="F")
    if cut.axis == 1:
        lines = []
        for _ in range(z):
            stream.seek(cut.index * x * dtype.itemsize, io.SEEK_CUR)
            lines.append(_values(stream, x, dtype))
            stream.seek((y - 1 - cut.index) * x * dtype.itemsize, io.SEEK_CUR)
        return np.stack(lines, axis=1)
    together = max(1, _PIECE // (x * dtype.itemsize))
    counts = (min(together, y * z - first) for first in range(0, y * z, together))
    columns = [_values(stream, count * x, dtype).reshape(count, x)[:, cut.index].copy() for count in counts]
    return np.concatenate(columns).reshape((y, z), order="F")


def _values(stream: gzip.GzipFile | BinaryIO, count: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    content = stream.read(count * dtype.itemsize)
    if len(content) < count * dtype.itemsize:
        raise EOFError("the file ends before its last value")
    return np.frombuffer(content, dtype)


def _rescaled(stored: npt.NDArray[Any], header: Any) -> npt.NDArray[Any]:
    """Return values after slope and intercept of the file, in the type that nibabel chooses for them."""
    from nibabel.arrayproxy import ArrayProxy

    slope, intercept = header.get_slope_inter()
    spec = (stored.shape, stored.dtype, 0, 1.0 if slope is None else slope, 0.0 if intercept is None else intercept)
    return np.asarray(ArrayProxy(io.BytesIO(stored.tobytes(order="F")), spec))


def _upright(values: npt.NDArray[Any], cut: _Cut) -> npt.NDArray[Any]:
    """Return a slice, (H, W), in the orientation of the body."""
    for position, axis in enumerate(cut.left):
        if cut.axes[axis, 1] < 0:
            values = np.flip(values, position)
    if cut.axes[cut.left[0], 0] > cut.axes[cut.left[1], 0]:
        values = values.T
    # The first axis runs to the right; the second upward, and rows of an image run downward.
    return np.ascontiguousarray(values.T[::-1])
