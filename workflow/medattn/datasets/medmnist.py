"""The official npz files of MedMNIST: train, val and test images with labels, 2D, one label an image."""

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from medattn.config.dataset import DatasetEntry, MedmnistSource
from medattn.datasets.source import SPLITS, SourceData, SourceFile, Split, source_file
from medattn.errors import UserError


def read_medmnist(entry: DatasetEntry, path: Path) -> SourceData:
    """Read an npz file of MedMNIST after checking its size and MD5.

    Args:
        entry: an entry whose source is `medmnist`.
        path: the npz file.

    Raises:
        UserError: the file is missing, has another size or MD5, is no npz, holds pickled objects, or its
            arrays are not the six of MedMNIST with the right types and shapes.
    """
    source = entry.source
    assert isinstance(source, MedmnistSource)
    file = check_original(source, path)
    arrays = _arrays(path)
    return SourceData({name: _split(arrays, name, path) for name in SPLITS}, (file,))


def check_original(source: MedmnistSource, path: Path) -> SourceFile:
    """Check size and MD5 of the file at `path` and return what it is.

    Raises:
        UserError: the file is missing or another one than the official file.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; run `medattn fetch`, or copy {source.file} there")
    if source.bytes is not None and path.stat().st_size != source.bytes:
        raise UserError(
            f"{path}: {path.stat().st_size} bytes, but {source.file} has {source.bytes}; "
            "delete it and run `medattn fetch` again"
        )
    file = source_file(path)
    if file.md5 != source.md5:
        raise UserError(
            f"{path}: its MD5 is {file.md5}, but that of {source.file} is {source.md5}; "
            "delete it and run `medattn fetch` again"
        )
    return file


def _arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    wanted = [f"{split}_{part}" for split in SPLITS for part in ("images", "labels")]
    try:
        loaded = np.load(path, allow_pickle=False)
        if not isinstance(loaded, np.lib.npyio.NpzFile):
            raise UserError(f"{path}: not an npz file, but a single array")
        with loaded as npz:
            for name in wanted:
                if name not in npz.files:
                    raise UserError(f"{path}: has no array '{name}'; found: {', '.join(npz.files) or 'none'}")
            return {name: npz[name] for name in wanted}
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError) as error:
        if "allow_pickle" in str(error) or "pickle" in str(error).lower():
            raise UserError(f"{path}: not an npz file of plain arrays; pickled objects are never loaded") from error
        raise UserError(f"{path}: not a readable npz file ({error})") from error


def _split(arrays: dict[str, npt.NDArray[Any]], name: str, path: Path) -> Split:
    images, labels = arrays[f"{name}_images"], arrays[f"{name}_labels"]
    where = f"{path}: {name}_images"
    if images.dtype != np.uint8:
        raise UserError(f"{where} has type {images.dtype}, not uint8")
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise UserError(f"{where} has shape {images.shape}, not (N, H, W) or (N, H, W, 3)")
    if labels.dtype.kind not in "ui" or labels.shape not in {(len(images), 1), (len(images),)}:
        raise UserError(
            f"{path}: {name}_labels holds {labels.dtype} of shape {labels.shape}, not one whole number "
            f"for each of the {len(images)} images"
        )
    return Split(images, labels.reshape(-1).astype(np.int64))
