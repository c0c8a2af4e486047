"""Images for networks to be trained on."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from medattn.config.models.recipe import Recipe
from medattn.training.images import ResidentImages, normalization_for
from medattn.training.loop import TrainingData

from ..training.conftest import images_of


@pytest.fixture
def data_for() -> Callable[[Recipe], TrainingData]:
    """Makes ten gray images of 8 x 8 in two classes, trained on and evaluated."""

    def make(settings: Recipe) -> TrainingData:
        labels = np.arange(10, dtype=np.int64) % 2
        images = ResidentImages.on(torch.device("cpu"), [images_of(0, 10)], [labels], None)
        indices = torch.arange(10)
        return TrainingData(images, indices, indices, normalization_for(settings, images, indices))

    return make
