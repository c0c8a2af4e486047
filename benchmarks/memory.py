"""Measure the peak memory of images and training, without libraries, as a multiple of the size of the images.

A new process maps a file with as many images as PathMNIST (28 px, color, 252 MB), makes them resident, and trains and
evaluates on a few of them.
"""

import tempfile
from pathlib import Path

import numpy as np
from ratios import Ratio, cost_of, python

COUNT, SIDE = 107_180, 28
LIBRARIES = """
import torch, torchvision, timm
import medattn.training.run, medattn.backbones.build
"""
TRAINING = """
from pathlib import Path
import numpy as np
from medattn.config.models.paper import Backbone
from medattn.config.models.recipe import Recipe
from medattn.training.images import ResidentImages, normalization_for
from medattn.training.loop import TrainingData, TrainingState, train_epochs
from medattn.training.network import NetworkSpec, build_network
from medattn.training.numerics import fix_numerics

recipe = Recipe(epochs=1, learning_rate=0.001)
fix_numerics(recipe)
pixels = np.load("images.npy", mmap_mode="r")
images = ResidentImages.on(torch.device("cpu"), [pixels], [np.arange(len(pixels)) % 9], None)
del pixels
some = torch.arange(256)
data = TrainingData(images, some, some, normalization_for(recipe, images, torch.arange(len(images.labels))))
first = data.normalized_training_images(1)
network = build_network(NetworkSpec(Backbone(model="timm/test_resnet"), 9), first, 0, Path())
train_epochs(network, data, recipe, 0, TrainingState(), lambda state: None)
"""


def measure() -> list[Ratio]:
    """Measure the peak with and without images and training."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / "images.npy", np.random.default_rng(0).integers(0, 256, (COUNT, SIDE, SIDE, 3), np.uint8))
        libraries = cost_of(python(LIBRARIES), folder).peak
        whole = cost_of(python(LIBRARIES + TRAINING), folder).peak
    images = COUNT * SIDE * SIDE * 3
    measured = {"libraries, MB": libraries / 1e6, "with training, MB": whole / 1e6, "images, MB": images / 1e6}
    return [Ratio("memory of images and training / images", (whole - libraries) / images, None, measured)]
