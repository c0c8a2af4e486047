"""Images and maps for figures, read from prepared data sets and finished runs."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError
from safetensors.numpy import load_file

from medattn.errors import UserError

Array = NDArray[np.float32]


@dataclass(frozen=True)
class TrainingImages:
    """What the figures show of a prepared data set.

    Attributes:
        mean: the mean training image, H x W x C, in [0, 1].
        count: number of training images.
        region: where the information lies, H x W, where that is known.
    """

    mean: Array
    count: int
    region: NDArray[np.bool_] | None


def training_images(prepared: Path) -> TrainingImages:
    """Read the mean training image of the data set in the folder `prepared`, and its region if it has one."""
    tensors = _read(prepared / "images.safetensors")
    images = tensors["train.images"]
    mean = images.mean(axis=0, dtype=np.float64).astype(np.float32) / np.float32(255)
    region = tensors.get("region")
    return TrainingImages(mean, len(images), None if region is None else region.astype(bool))


def attention_maps(path: Path) -> dict[str, Array]:
    """Read the maps `before` and `after` learning of a run."""
    return {name: array.astype(np.float32) for name, array in _read(path).items()}


def at_size(values: Array, shape: tuple[int, ...]) -> Array:
    """Return a map at another height and width: area averages downwards, linear interpolation upwards."""
    if values.shape == shape:
        return values
    image = Image.fromarray(values.astype(np.float32))
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.BILINEAR), dtype=np.float32)


def _read(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        return dict(load_file(path))
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; run the step that makes it first") from error
    except SafetensorError as error:
        raise UserError(f"{path}: damaged ({error}); delete it and run the step that makes it") from error
