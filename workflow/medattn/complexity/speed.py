"""Training and inference speed on a device, in images per second, with random images."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from medattn.complexity.images import ImageFacts
from medattn.complexity.network import NetworkOfCell, build
from medattn.training.cuda_graphs import CudaGraphBackend, GraphCache
from medattn.training.images import Normalization
from medattn.training.network import AttendedNetwork
from medattn.training.numerics import fix_numerics, memory_format
from medattn.training.optimizer import create_optimizer
from medattn.training.step import Step, logits_of

_WARM_UP = 2
_WARM_UP_ON_GPU = 6  # until the CUDA graph of the step is captured and replayed


@dataclass(frozen=True)
class Speed:
    """Speed of a network on one device.

    Attributes:
        training: images per second in training steps (forward, loss, backward, optimizer), median over the repeats.
        inference: images per second in evaluation, median over the repeats.
        repeats: number of timed steps of each kind, after warm-up.
        batch: batch size of the recipe.
        device: name of the device.
    """

    training: float
    inference: float
    repeats: int
    batch: int
    device: str


def measured_speed(network: NetworkOfCell, images: ImageFacts, device: torch.device, repeats: int) -> Speed:
    """Measure a network with the recipe's batch size, optimizer, precision and threads.

    The images are random and already on the device: the times exclude reading, augmentation and copying.

    Raises:
        UserError: the network can't be built.
        torch.OutOfMemoryError: the step does not fit into the memory of the device.
    """
    recipe = network.recipe
    fix_numerics(recipe)
    built = build(network, images, device)
    built.backbone.to(memory_format=memory_format(recipe, device))
    half = torch.full((1, 1, 1, 1), 0.5, device=device)
    step = Step.of(built, create_optimizer(recipe, built), recipe, Normalization(half, half))
    work = graph_cache_on(device).step(None, step)
    batch = torch.rand(recipe.batch_size, 3, images.height, images.width, device=device)
    labels = torch.arange(recipe.batch_size, device=device) % images.classes
    if built.attention is not None:
        built.attention.begin_epoch(1)

    def train() -> None:
        work(batch, labels)

    def infer() -> None:
        with torch.no_grad():
            logits_of(built, batch, step.normalize, recipe)

    training = recipe.batch_size / _median_seconds(built.train(), train, device, repeats)
    inference = recipe.batch_size / _median_seconds(built.eval(), infer, device, repeats)
    return Speed(training, inference, repeats, recipe.batch_size, _name(device))


def graph_cache_on(device: torch.device) -> GraphCache:
    """Return the cache of CUDA graphs of a device; on a CPU it captures nothing."""
    return GraphCache(CudaGraphBackend(device) if device.type == "cuda" else None)


def _median_seconds(network: AttendedNetwork, step: Callable[[], None], device: torch.device, repeats: int) -> float:
    seconds = []
    warm_up = _WARM_UP_ON_GPU if device.type == "cuda" else _WARM_UP
    for number in range(warm_up + repeats):
        _wait(device)
        started = time.perf_counter()
        step()
        _wait(device)
        if number >= warm_up:
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
