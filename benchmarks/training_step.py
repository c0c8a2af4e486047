"""Compare the training step with a plain loop, and both with the bound: the same work on one preloaded batch.

The plain loop is what a first script does: a DataLoader with two workers that turns images into normalized tensors one
by one, a network and an optimizer as PyTorch makes them, and a loss that is fetched after each step. All arms train the
same network from the same weights on as many images; each is timed several times in turn, the shortest time counts.
"""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ratios import Ratio, interleaved
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import functional as transforms

from medattn.complexity.speed import graph_cache_on
from medattn.config.models.paper import Backbone
from medattn.config.models.recipe import Recipe
from medattn.training.cuda_graphs import GraphedStep
from medattn.training.images import ResidentImages, normalization_for, training_batches
from medattn.training.network import NetworkSpec, build_network
from medattn.training.numerics import fix_numerics, memory_format
from medattn.training.optimizer import create_optimizer
from medattn.training.step import Step

CASES = {
    # name: backbone, images, side, channels, batch
    "ResNet-18, 28 px": ({"model": "timm/resnet18", "stem": "small"}, 192, 28, 1, 32),
    "tiny ResNet, 28 px": ({"model": "timm/test_resnet"}, 546, 28, 1, 32),
    "ResNet-50, 224 px": ({"model": "torchvision/resnet50"}, 16, 224, 3, 8),
}
WORKERS = 2


class PlainImages(Dataset[tuple[torch.Tensor, int]]):
    """Data set of arrays that converts each image to a normalized tensor on access."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        tensor = transforms.normalize(transforms.to_tensor(self.images[index]), [0.5], [0.5])
        return tensor.expand(3, -1, -1), int(self.labels[index])


def plain_epoch(network: Any, optimizer: Any, loader: Any, device: torch.device) -> None:
    """Train one epoch with a plain PyTorch loop."""
    network.train()
    for images, labels in loader:
        optimizer.zero_grad()
        loss = functional.cross_entropy(network(images.to(device)), labels.to(device))
        loss.backward()
        optimizer.step()
        loss.item()


def our_epoch(step: Step, work: Step | GraphedStep, images: ResidentImages, indices: torch.Tensor) -> None:
    """Train one epoch with medattn."""
    step.network.train()
    order, changes = torch.Generator().manual_seed(0), torch.Generator().manual_seed(1)
    for batch, labels in training_batches(images, indices, step.recipe, order, changes):
        work(batch, labels)
    step.sums.tolist()


def bound_epoch(network: Any, optimizer: Any, batch: torch.Tensor, labels: torch.Tensor, steps: int) -> None:
    """Run forward, backward and update for the number of steps of an epoch."""
    network.train()
    for _ in range(steps):
        optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(network(batch), labels).backward()
        optimizer.step()
    labels.sum().item()


def ratios_of(name: str, rounds: int, device: torch.device, precision: str) -> list[Ratio]:
    """Measure one case."""
    backbone, count, side, channels, size = CASES[name]
    recipe = Recipe.model_validate(
        {"epochs": 1, "batch_size": size, "learning_rate": 1e-4, "normalization": "half", "precision": precision}
    )
    fix_numerics(recipe)
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (count, side, side, channels), dtype=np.uint8)
    labels = random.integers(0, 2, count)
    images = ResidentImages.on(device, [pixels], [labels], None)
    indices = torch.arange(count, device=device)
    normalize = normalization_for(recipe, images, indices)
    first = normalize(images.taken(indices[:1]))
    network = build_network(NetworkSpec(Backbone.model_validate(backbone), 2), first, 0, Path())
    plain, ours, bound = (copy.deepcopy(network) for _ in range(3))
    loader = DataLoader(PlainImages(pixels, labels), batch_size=size, shuffle=True, num_workers=WORKERS)
    layout = memory_format(recipe, device)
    for network in (ours, bound):
        network.backbone.to(memory_format=layout)
    step = Step.of(ours, create_optimizer(recipe, ours), recipe, normalize)
    graphs = graph_cache_on(device)
    work = graphs.step(name, step)
    batch = normalize(images.taken(indices[:size])).contiguous(memory_format=layout)
    plain_optimizer, bound_optimizer = torch.optim.Adam(plain.parameters(), lr=1e-4), create_optimizer(recipe, bound)
    ready = images.labels[:size]
    arms = {
        "ours": lambda: our_epoch(step, work, images, indices),
        "plain": lambda: plain_epoch(plain, plain_optimizer, loader, device),
        "bound": lambda: bound_epoch(bound, bound_optimizer, batch, ready, -(-count // size)),
    }
    interleaved(arms, 1)  # warm-up
    best = interleaved(arms, rounds)
    measured = {f"{arm}, images/s": round(count / seconds, 1) for arm, seconds in best.items()}
    if said := graphs.record():
        measured["ours, replayed"] = float(said["steps"] == "replayed")
    return [
        Ratio(f"training step: ours / plain loop ({name})", best["ours"] / best["plain"], 1.0, measured),
        Ratio(f"training step: ours / bound ({name})", best["ours"] / best["bound"], None, measured),
    ]


def measure(full: bool, device: torch.device, precision: str) -> list[Ratio]:
    """Measure the small networks, and with `full` the large one, too."""
    names = list(CASES) if full else list(CASES)[:2]
    return [ratio for name in names for ratio in ratios_of(name, 5 if full else 3, device, precision)]
