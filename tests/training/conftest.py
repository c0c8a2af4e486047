"""Images, recipes and stores for the parts of the training."""

import numpy as np
import pytest
import torch

from medattn.config.models.recipe import Recipe
from medattn.datasets.store import DataStore
from medattn.sources.pixels.source_data import Split
from medattn.training.images import ResidentImages


def recipe(**keys) -> Recipe:
    return Recipe.model_validate({"epochs": 4, "learning_rate": 0.1, **keys})


def images_of(seed: int, count: int, size: int = 8, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, channels), dtype=np.uint8)


def store_of(train: np.ndarray, test: np.ndarray) -> DataStore:
    """Two classes, taking turns."""
    splits = {
        name: Split(images, np.arange(len(images), dtype=np.int64) % 2)
        for name, images in (("train", train), ("test", test))
    }
    manifest = {"dataset": "t", "entry_sha256": "0" * 64, "files": {}}
    return DataStore(splits, ["healthy", "ill"], manifest)


@pytest.fixture
def resident() -> ResidentImages:
    """Ten gray images of 8 x 8."""
    labels = np.arange(10, dtype=np.int64) % 2
    return ResidentImages.on(torch.device("cpu"), [images_of(0, 10)], [labels], None)
