"""The official npz files of MedMNIST: train, val and test images with labels, 2D, one label an image.

Images are decompressed piece by piece: a set of 224 pixels can be larger than the memory.
"""

import lzma
import math
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from medattn.closed_model import MAX_FILE
from medattn.errors import UserError
from medattn.sources.base import SPLITS, Channels, DatasetFacts, ImageSource, SplitName
from medattn.sources.medmnist_files import ADDRESS, OFFICIAL, SEVERAL_LABELS, MedmnistSize
from medattn.sources.original_file import Download, check_original
from medattn.suggestions import unknown_name

if TYPE_CHECKING:
    import numpy as np

    from medattn.sources.pixels.source_data import Images, Labels, SourceData, Split

_PIECE = 1 << 24
_MOST_IMAGES = 10_000_000
"""Images of a split at most, where the data set does not declare how many it has."""


class MedmnistSource(ImageSource):
    """A 2D set of MedMNIST at one of its native sizes: the official npz file, by path or by download."""

    reader_version: ClassVar[int] = 2

    kind: Literal["medmnist"]
    set: str = Field(pattern=r"^[a-z0-9]{1,40}$", description="name of the set in lower case, such as `octmnist`")
    size: MedmnistSize = Field(28, description="native height and width in pixels")
    url: str | None = Field(
        None, pattern=r"^https?://", description="address for `medattn fetch`; default: the official one"
    )
    md5: str | None = Field(
        None, pattern=r"^[0-9a-f]{32}$", description="MD5 of the file; default: the official one of the set and size"
    )
    bytes: int | None = Field(
        None,
        gt=0,
        le=MAX_FILE,
        description="size of the file in bytes, checked where known; default: the official one",
    )

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        if self.set in SEVERAL_LABELS:
            raise ValueError(f"images of {self.set} have several labels each; only sets with one are supported")
        if self.md5 is None and self.set not in OFFICIAL:
            raise ValueError(f"{unknown_name('set', self.set, OFFICIAL)}; another file needs its md5")
        return self

    @property
    def download(self) -> Download:
        """The npz file."""
        file = f"{self.set}.npz" if self.size == 28 else f"{self.set}_{self.size}.npz"
        official = OFFICIAL.get(self.set)
        md5 = self.md5 or (official.md5[self.size] if official else "")
        size = self.bytes or (official.bytes.get(self.size) if official and not self.md5 else None)
        return Download(file, self.url or ADDRESS.format(file=file), md5, size)

    @property
    def shape(self) -> tuple[int, Channels]:
        """Height (which is the width) in pixels, and channels of the images."""
        return self.size, OFFICIAL[self.set].channels if self.set in OFFICIAL else 1

    def decides_images(self) -> dict[str, Any]:
        """Return the options that decide the prepared images, with the MD5 that the file must have."""
        return {**super().decides_images(), "md5": self.download.md5, "bytes": None}

    def read(self, dataset: DatasetFacts, path: Path, scratch: Path | None = None) -> "SourceData":
        """Read the npz file at `path` after checking its MD5.

        Raises:
            UserError: the file is missing, has another MD5, is no npz, contains pickled objects, or its arrays are not
                the six of MedMNIST with the right types and shapes.
        """
        from medattn.sources.pixels.source_data import SourceData

        file = check_original(self.download, path)
        try:
            with zipfile.ZipFile(path) as npz:
                _check_names(npz, path)
                for name in SPLITS:
                    _check_shape(self.size, dataset, npz, name, path)
                return SourceData({name: _split(npz, name, path, scratch) for name in SPLITS}, (file,))
        except (
            zipfile.BadZipFile,
            zlib.error,
            lzma.LZMAError,
            struct.error,
            EOFError,
            OSError,
            ValueError,
            LookupError,
            RuntimeError,  # a password, or a compression that Python does not support
        ) as error:
            raise UserError(f"{path}: not a readable npz file ({error})") from error


def _check_names(npz: zipfile.ZipFile, path: Path) -> None:
    found = [name.removesuffix(".npy") for name in npz.namelist()]
    for name in (f"{split}_{part}" for split in SPLITS for part in ("images", "labels")):
        if name not in found:
            raise UserError(f"{path}: has no array '{name}'; found: {', '.join(found) or 'none'}")


def _check_shape(size: int, dataset: DatasetFacts, npz: zipfile.ZipFile, split: SplitName, path: Path) -> None:
    """Compare the shape of the images with what is declared, before any image is read.

    Raises:
        UserError: there are more or larger images than declared.
    """
    where = f"{path}: {split}_images"
    with npz.open(f"{split}_images.npy") as stream:
        shape, kind = _header(stream, where)
    if kind.itemsize != 1 or len(shape) not in (3, 4):
        return  # reading it says what is wrong
    if shape[1] > size or shape[2] > size:
        raise UserError(f"{where} has images of {shape[1]} x {shape[2]} pixels, but source.size is {size}")
    declared = _MOST_IMAGES
    if dataset.counts is not None:
        declared = sum(dataset.counts.get(split, ()))
    elif dataset.images is not None:
        declared = dataset.images.get(split, 0)
    if shape[0] > declared:
        raise UserError(f"{where} has {shape[0]} images, but {declared} are declared for this split")


def _split(npz: zipfile.ZipFile, name: str, path: Path, scratch: Path | None) -> "Split":
    from medattn.sources.pixels.source_data import Split

    with npz.open(f"{name}_images.npy") as stream:
        images = _images(stream, f"{path}: {name}_images", scratch)
    with npz.open(f"{name}_labels.npy") as stream:
        labels = _labels(stream, len(images), f"{path}: {name}_labels")
    return Split(images, labels)


def _images(stream: IO[bytes], where: str, scratch: Path | None) -> "Images":
    import numpy as np

    from medattn.sources.pixels.spooled_images import SpooledImages

    shape, kind = _header(stream, where)
    if kind != np.uint8:
        raise UserError(f"{where} has type {kind}, not uint8")
    if len(shape) == 3:
        shape = (*shape, 1)
    if len(shape) != 4 or shape[-1] not in (1, 3):
        raise UserError(f"{where} has shape {shape}, not (N, H, W) or (N, H, W, 3)")
    spooled, image_bytes = SpooledImages(scratch), math.prod(shape[1:])
    rows = max(1, _PIECE // max(1, image_bytes))
    for first in range(0, shape[0], rows):
        count = min(rows, shape[0] - first)
        content = stream.read(count * image_bytes)
        if len(content) != count * image_bytes:
            raise EOFError(f"{where} breaks off after {first} images")
        spooled.extend(np.frombuffer(content, dtype=np.uint8).reshape(count, *shape[1:]))
    return spooled.array()


def _labels(stream: IO[bytes], images: int, where: str) -> "Labels":
    import numpy as np

    shape, kind = _header(stream, where)
    if kind.kind not in "ui" or shape not in {(images, 1), (images,)}:
        raise UserError(f"{where} holds {kind} of shape {shape}, not one whole number for each of the {images} images")
    return np.frombuffer(stream.read(images * kind.itemsize), dtype=kind).astype(np.int64)


def _header(stream: IO[bytes], where: str) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
    """Read the header of an npy file: shape and type. The data that follow are in C order.

    Raises:
        UserError: there are pickled objects, or the data are in another order.
        ValueError: it is no header, or its shape is impossible.
    """
    import numpy as np

    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    try:
        shape, in_columns, kind = read(stream)
    except Exception as error:  # NumPy parses the header as Python, whose parser raises errors of many kinds
        raise ValueError(f"{where}: not a header of an array ({type(error).__name__})") from error
    if min(shape, default=0) < 0:
        raise ValueError(f"{where}: an array can't have the shape {shape}")
    if kind.hasobject:
        raise UserError(f"{where} is not a plain array; pickled objects are never loaded")
    if in_columns and len(shape) > 1 and min(shape) > 1:
        raise UserError(f"{where} is stored column by column; MedMNIST's files are not")
    return tuple(shape), kind
