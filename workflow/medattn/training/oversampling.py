"""Copies of images of rare classes: drawn from a stream of their own, made on the CPU once before a training."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from medattn.config.models.recipe import Oversampling
from medattn.errors import UserError
from medattn.seeding import derive_seed
from medattn.suggestions import unknown_name
from medattn.training.augment import rotated

_AT_ONCE = 256


@dataclass(frozen=True)
class Copies:
    """How copies are made; an entry for each copy.

    Attributes:
        sources: position of the image that is copied.
        angles: degrees by which the copy is turned.
        flipped: whether it is flipped left to right.
        noise: standard deviation of its noise, of full range 1.
        seed: seed of the noise.
    """

    sources: NDArray[np.int64]
    angles: NDArray[np.float64]
    flipped: NDArray[np.bool_]
    noise: NDArray[np.float64]
    seed: int


def draw_copies(
    labels: NDArray[np.int64], among: NDArray[np.int64], wanted: Oversampling, classes: Sequence[str], seed: int
) -> Copies:
    """Draw which images are copied and how.

    A class of n images gets round(factor x n) - n copies. Images follow one another in a drawn order, so that each is
    copied equally often up to the rest, and take a step in `wanted.changes` with each copy.

    Args:
        labels: of all images.
        among: positions of the images that may be copied.
        wanted: classes, factor and changes.
        classes: names in the order of the labels.
        seed: seed of the draw.

    Raises:
        UserError: the data set has no class of a name.
    """
    random = np.random.default_rng(derive_seed(seed, "class copies"))
    sources, angles, flipped, noise = [], [], [], []
    for name in wanted.classes:
        if name not in classes:
            raise UserError(f"recipe.oversampling.classes: {unknown_name('class', name, classes)}")
        own = random.permutation(among[labels[among] == list(classes).index(name)])
        turned: dict[int, float] = {}
        for number in range(round(len(own) * wanted.factor) - len(own)):
            change = wanted.changes[number // len(own) % len(wanted.changes)]
            source = int(own[number % len(own)])
            angle = float(random.choice(change.rotations)) if change.rotations else 0.0
            turned[source] = -turned[source] if change.opposite else angle
            sources.append(source)
            angles.append(turned[source])
            flipped.append(change.horizontal_flip)
            noise.append(change.noise)
    return Copies(
        np.array(sources, dtype=np.int64),
        np.array(angles, dtype=np.float64),
        np.array(flipped, dtype=np.bool_),
        np.array(noise, dtype=np.float64),
        derive_seed(seed, "noise of class copies"),
    )


def make_copies(pixels: Tensor, copies: Copies) -> Tensor:
    """Return the copies (M x C x H x W, uint8, on the CPU) of `pixels` (N x C x H x W, uint8, on any device)."""
    generator = torch.Generator().manual_seed(copies.seed)
    made = [pixels.new_empty((0, *pixels.shape[1:]), device="cpu")]
    for start in range(0, len(copies.sources), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        sources = torch.from_numpy(copies.sources[part]).to(pixels.device)
        images = pixels[sources].cpu().float().div_(255)
        flipped, noise = torch.from_numpy(copies.flipped[part]), torch.from_numpy(copies.noise[part]).float()
        images = torch.where(flipped[:, None, None, None], images.flip(3), images)
        images = rotated(images, torch.from_numpy(copies.angles[part]).float().deg2rad())
        images = images + noise[:, None, None, None] * torch.randn(images.shape, generator=generator)
        made.append(images.clamp_(0, 1).mul_(255).round_().to(torch.uint8))
    return torch.cat(made)
