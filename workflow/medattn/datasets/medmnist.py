"""The official npz files of MedMNIST: train, val and test images with labels, 2D, one label an image.

Images are unpacked piece by piece: a set of 224 pixels can be larger than the memory.
"""

import math
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np

from medattn.config.models.dataset import DatasetEntry
from medattn.config.sources.sources import MedmnistSource
from medattn.datasets.source import SPLITS, Images, Labels, SourceData, Split
from medattn.datasets.spooled_images import SpooledImages
from medattn.datasets.verify_download import check_original
from medattn.errors import UserError

_PIECE = 1 << 24


def read_medmnist(entry: DatasetEntry, path: Path, scratch: Path | None = None) -> SourceData:
    """Read an npz file of MedMNIST after checking its MD5.

    Args:
        entry: an entry whose source is `medmnist`.
        path: the npz file.
        scratch: folder on whose file system many images may lie for a while.

    Raises:
        UserError: the file is missing, has another MD5, is no npz, holds pickled objects, or its
            arrays are not the six of MedMNIST with the right types and shapes.
    """
    source = entry.source
    assert isinstance(source, MedmnistSource)
    file = check_original(source.download, path)
    try:
        with zipfile.ZipFile(path) as npz:
            _check_names(npz, path)
            return SourceData({name: _split(npz, name, path, scratch) for name in SPLITS}, (file,))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise UserError(f"{path}: not a readable npz file ({error})") from error


def _check_names(npz: zipfile.ZipFile, path: Path) -> None:
    found = [name.removesuffix(".npy") for name in npz.namelist()]
    for name in (f"{split}_{part}" for split in SPLITS for part in ("images", "labels")):
        if name not in found:
            raise UserError(f"{path}: has no array '{name}'; found: {', '.join(found) or 'none'}")


def _split(npz: zipfile.ZipFile, name: str, path: Path, scratch: Path | None) -> Split:
    with npz.open(f"{name}_images.npy") as stream:
        images = _images(stream, f"{path}: {name}_images", scratch)
    with npz.open(f"{name}_labels.npy") as stream:
        labels = _labels(stream, len(images), f"{path}: {name}_labels")
    return Split(images, labels)


def _images(stream: IO[bytes], where: str, scratch: Path | None) -> Images:
    shape, kind = _header(stream, where)
    if kind != np.uint8:
        raise UserError(f"{where} has type {kind}, not uint8")
    if len(shape) == 3:
        shape = (*shape, 1)
    if len(shape) != 4 or shape[-1] not in (1, 3):
        raise UserError(f"{where} has shape {shape}, not (N, H, W) or (N, H, W, 3)")
    pile, image_bytes = SpooledImages(scratch), math.prod(shape[1:])
    rows = max(1, _PIECE // max(1, image_bytes))
    for first in range(0, shape[0], rows):
        count = min(rows, shape[0] - first)
        content = stream.read(count * image_bytes)
        if len(content) != count * image_bytes:
            raise EOFError(f"{where} breaks off after {first} images")
        pile.extend(np.frombuffer(content, dtype=np.uint8).reshape(count, *shape[1:]))
    return pile.array()


def _labels(stream: IO[bytes], images: int, where: str) -> Labels:
    shape, kind = _header(stream, where)
    if kind.kind not in "ui" or shape not in {(images, 1), (images,)}:
        raise UserError(f"{where} holds {kind} of shape {shape}, not one whole number for each of the {images} images")
    return np.frombuffer(stream.read(images * kind.itemsize), dtype=kind).astype(np.int64)


def _header(stream: IO[bytes], where: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Read the head of an npy file: shape and type; the data that follow are in C order."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, in_columns, kind = read(stream)
    if kind.hasobject:
        raise UserError(f"{where} is not a plain array; pickled objects are never loaded")
    if in_columns and len(shape) > 1 and min(shape) > 1:
        raise UserError(f"{where} is stored column by column; MedMNIST's files are not")
    return tuple(shape), kind
