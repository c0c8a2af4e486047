"""Oversampling of rare classes: changed copies of their images, made once before a training, on the CPU."""

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
class OversamplingDraw:
    """Source and changes of each oversampled image.

    Attributes:
        sources: position of the image that is copied.
        angles: rotation in degrees.
        flipped: whether the copy is flipped left to right.
        noise: standard deviation of the noise, for values in [0, 1].
        seed: seed of the noise.
    """

    sources: NDArray[np.int64]
    angles: NDArray[np.float64]
    flipped: NDArray[np.bool_]
    noise: NDArray[np.float64]
    seed: int


def draw_oversampling(
    labels: NDArray[np.int64], among: NDArray[np.int64], wanted: Oversampling, classes: Sequence[str], seed: int
) -> OversamplingDraw:
    """Draw which images are copied, and the changes of each copy.

    A class of n images gets round(factor x n) - n copies. The images are copied in turn, in a random order, so the
    numbers of copies of two images differ by one at most. The k-th copy of an image has the k-th of `wanted.changes`.

    Args:
        labels: labels of all images.
        among: positions of the images that may be copied.
        wanted: classes, factor and changes.
        classes: names of the classes in the order of the labels.
        seed: seed of the draw.

    Raises:
        UserError: `wanted` names a class that the data set does not have.
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
    return OversamplingDraw(
        np.array(sources, dtype=np.int64),
        np.array(angles, dtype=np.float64),
        np.array(flipped, dtype=np.bool_),
        np.array(noise, dtype=np.float64),
        derive_seed(seed, "noise of class copies"),
    )


def oversampled_images(pixels: Tensor, copies: OversamplingDraw) -> Tensor:
    """Return the drawn copies (M x C x H x W, uint8, on the CPU) of `pixels` (N x C x H x W, uint8, on any device)."""
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
