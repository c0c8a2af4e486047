"""Our training and a plain loop on official images: what is faster must not come to other accuracies."""

import copy
import importlib
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from medattn.config.models.paper import Backbone
from medattn.config.models.recipe import Recipe
from medattn.training.images import ResidentImages, normalization_for
from medattn.training.loop import TrainingData, TrainingState, train_epochs
from medattn.training.network import NetworkSpec, build_network

SEEDS, EPOCHS = (0, 1, 2), 6


@pytest.mark.heavy
def test_the_plain_loop_comes_to_the_same_accuracy_within_the_spread_over_seeds(real_data, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    plain_loop = importlib.import_module("training_step")
    stored = np.load(real_data / "breastmnist.npz")
    pixels = [stored[f"{split}_images"][..., None] for split in ("train", "test")]
    labels = [stored[f"{split}_labels"][:, 0].astype(np.int64) for split in ("train", "test")]
    recipe = Recipe.model_validate({"epochs": EPOCHS, "batch_size": 32, "learning_rate": 1e-3, "normalization": "half"})
    cpu, count = torch.device("cpu"), len(labels[0])
    images = ResidentImages.on(cpu, pixels, labels, None)
    training = torch.arange(count)
    data = TrainingData(
        images, training, torch.arange(count, count + len(labels[1])), normalization_for(recipe, images, training)
    )
    ours, plain = [], []
    for seed in SEEDS:
        first = data.normalized_training_images(1)
        network = build_network(NetworkSpec(Backbone(model="timm/test_resnet"), 2), first, seed, Path())
        other = copy.deepcopy(network)
        state = TrainingState()
        train_epochs(network, data, recipe, seed, state, lambda state: None)
        ours.append(100 * state.history[-1].correct / len(labels[1]))

        torch.manual_seed(seed)
        loader = DataLoader(plain_loop.PlainImages(pixels[0], labels[0]), batch_size=32, shuffle=True)
        optimizer = torch.optim.Adam(other.parameters(), lr=1e-3)
        for _ in range(EPOCHS):
            plain_loop.plain_epoch(other, optimizer, loader, cpu)
        tested = torch.stack([image for image, _ in plain_loop.PlainImages(pixels[1], labels[1])])
        with torch.no_grad():
            right = other.eval()(tested).argmax(1) == torch.from_numpy(labels[1])
        plain.append(100 * right.float().mean().item())
    assert stdev(ours) > 0 and min(map(mean, (ours, plain))) > 73.1, "more than the larger class"
    assert abs(mean(ours) - mean(plain)) <= max(stdev(ours), stdev(plain)), (ours, plain)
