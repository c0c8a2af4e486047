"""Reading of images and attention maps for figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medattn.array_files import read_arrays
from medattn.datasets.store import read_store
from medattn.errors import UserError
from medattn.reading import RUN_AGAIN

Array = NDArray[np.float32]


@dataclass(frozen=True)
class TrainingImages:
    """Summary of the training images of a prepared data set.

    Attributes:
        mean: the mean training image, H x W x C, in [0, 1].
        count: number of training images.
        region: mask of the informative region, H x W; None if unknown.
    """

    mean: Array
    count: int
    region: NDArray[np.bool_] | None


def training_images(prepared: Path) -> TrainingImages:
    """Read the mean training image of the data set in the folder `prepared`, and its informative region."""
    tensors = read_arrays(prepared / "images.safetensors")
    images = tensors["train.images"]
    mean = images.mean(axis=0, dtype=np.float64).astype(np.float32) / np.float32(255)
    region = tensors.get("region")
    return TrainingImages(mean, len(images), None if region is None else region.astype(bool))


@dataclass(frozen=True)
class StoredImages:
    """Single images of a prepared data set.

    Attributes:
        images: N x H x W x C, in [0, 1].
        labels: class index of each image, N.
        classes: names of the classes, as figures show them.
    """

    images: Array
    labels: NDArray[np.int64]
    classes: list[str]

    def class_name(self, number: int) -> str:
        """Return the name of the class of an image."""
        return self.classes[int(self.labels[number])]


def images_at(prepared: Path, positions: Sequence[int]) -> StoredImages:
    """Read images of the data set in the folder `prepared` by their positions, counted over all splits as runs do.

    Raises:
        UserError: the data set is missing or damaged.
    """
    store = read_store(prepared, verify=False)
    found, start = {}, 0
    for split in store.splits.values():
        for position in positions:
            if start <= position < start + len(split.labels):
                found[position] = (split.images[position - start], int(split.labels[position - start]))
        start += len(split.labels)
    images = np.stack([found[position][0] for position in positions]).astype(np.float32) / np.float32(255)
    classes = shown_classes(store.classes, is_stand_in=bool(store.manifest["stand_in"]))
    return StoredImages(images, np.array([found[position][1] for position in positions]), classes)


def shown_classes(classes: Sequence[str], *, is_stand_in: bool) -> list[str]:
    """Return the names of classes for a figure of images; a phantom shows no disease, so its class has a number."""
    return [f"phantom of class {number}" if is_stand_in else name for number, name in enumerate(classes, start=1)]


def first_of_classes(prepared: Path, count: int) -> StoredImages:
    """Read the first training image of each of `count` classes, evenly spaced over all classes.

    Raises:
        UserError: the data set is missing or damaged.
    """
    store = read_store(prepared, verify=False)
    start = 0
    for name, split in store.splits.items():
        if name == "train":
            break
        start += len(split.labels)
    labels = store.splits["train"].labels
    wanted = np.linspace(0, len(store.classes) - 1, min(count, len(store.classes))).round().astype(int)
    return images_at(prepared, [start + int(np.flatnonzero(labels == label)[0]) for label in wanted])


def region_of(prepared: Path) -> NDArray[np.bool_] | None:
    """Read the mask of the informative region of a prepared data set, H x W, or None if unknown."""
    region = read_store(prepared, verify=False).region
    return None if region is None else np.asarray(region, dtype=bool)


def attention_maps(path: Path) -> dict[str, Array]:
    """Read the maps `before` and `after` training of a run, each H x W.

    Raises:
        UserError: the file is missing or damaged, or has other arrays.
    """
    maps = {name: array.astype(np.float32) for name, array in read_arrays(path).items()}
    if set(maps) != {"before", "after"} or any(values.ndim != 2 or not values.size for values in maps.values()):
        raise UserError(f"{path}: not the attention maps of a run; {RUN_AGAIN}")
    return maps


def at_size(values: Array, shape: tuple[int, ...]) -> Array:
    """Resize a map to `shape`: averages over areas to shrink it, bilinear interpolation to enlarge it."""
    if values.shape == shape:
        return values
    image = Image.fromarray(values.astype(np.float32))
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.BILINEAR), dtype=np.float32)
