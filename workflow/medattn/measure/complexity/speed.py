"""Images per second, measured on the device: training steps and inference on random images."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional

from medattn.measure.complexity.images import ImageFacts
from medattn.measure.complexity.network import NetworkOfCell, build
from medattn.training.network import AttendedNetwork
from medattn.training.numerics import autocast, fix_numerics, memory_format
from medattn.training.optimiser import create_optimiser

_WARM_UP = 2


@dataclass(frozen=True)
class Speed:
    """Speed of a network on one device.

    Attributes:
        training: images per second in training steps (forward, loss, backward, optimiser), median over the repeats.
        inference: images per second in evaluation, median over the repeats.
        repeats: steps that were timed of each kind, after two that were not.
        batch: images a step, as in the recipe.
        device: the device, by name.
    """

    training: float
    inference: float
    repeats: int
    batch: int
    device: str


def measured_speed(network: NetworkOfCell, images: ImageFacts, device: torch.device, repeats: int) -> Speed:
    """Measure a network with the recipe's batch, optimiser, precision and threads.

    The images are random and lie on the device: reading, augmentation and copying are not in the time.

    Raises:
        UserError: the network can't be built.
        torch.OutOfMemoryError: it does not fit on the device.
    """
    recipe = network.recipe
    fix_numerics(recipe)
    built = build(network, images, device)
    layout = memory_format(recipe, device)
    built.backbone.to(memory_format=layout)
    batch = torch.randn(recipe.batch, 3, images.height, images.width, device=device).contiguous(memory_format=layout)
    labels = torch.arange(recipe.batch, device=device) % images.classes
    optimiser = create_optimiser(recipe, built)
    if built.attention is not None:
        built.attention.begin_epoch(1)

    def train() -> None:
        optimiser.zero_grad(set_to_none=True)
        with autocast(recipe, device):
            logits = built(batch)
        loss = functional.cross_entropy(logits.float(), labels)
        penalty = built.attention.penalty() if built.attention is not None else None
        (loss if penalty is None else loss + penalty).backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    def infer() -> None:
        with torch.no_grad(), autocast(recipe, device):
            built(batch)

    training = recipe.batch / _median_seconds(built.train(), train, device, repeats)
    inference = recipe.batch / _median_seconds(built.eval(), infer, device, repeats)
    return Speed(training, inference, repeats, recipe.batch, _name(device))


def _median_seconds(network: AttendedNetwork, step: Callable[[], None], device: torch.device, repeats: int) -> float:
    seconds = []
    for number in range(_WARM_UP + repeats):
        _wait(device)
        started = time.perf_counter()
        step()
        _wait(device)
        if number >= _WARM_UP:
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
