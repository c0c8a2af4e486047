"""Random changes to training images, drawn for each image on its own, on the device where the images lie."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from medattn.config.recipe import Augmentation


def augment(images: Tensor, augmentation: Augmentation, generator: torch.Generator) -> Tensor:
    """Return `images` (B x C x H x W, float, before normalisation), each changed at random.

    Random numbers are drawn on the CPU, so that they are the same on every device.
    """
    if augmentation.horizontal_flip:
        images = _flipped(images, augmentation.horizontal_flip, 3, generator)
    if augmentation.vertical_flip:
        images = _flipped(images, augmentation.vertical_flip, 2, generator)
    if augmentation.crop_padding:
        images = _cropped(images, augmentation.crop_padding, generator)
    if augmentation.rotation:
        images = _rotated(images, augmentation.rotation, generator)
    return images


def _flipped(images: Tensor, probability: float, axis: int, generator: torch.Generator) -> Tensor:
    chosen = torch.rand(len(images), generator=generator) < probability
    return torch.where(chosen.to(images.device)[:, None, None, None], images.flip(axis), images)


def _cropped(images: Tensor, padding: int, generator: torch.Generator) -> Tensor:
    count, _, height, width = images.shape
    offsets = torch.randint(0, 2 * padding + 1, (2, count), generator=generator).to(images.device)
    padded = functional.pad(images, (padding,) * 4)
    rows = offsets[0, :, None] + torch.arange(height, device=images.device)
    columns = offsets[1, :, None] + torch.arange(width, device=images.device)
    every = torch.arange(count, device=images.device)[:, None, None]
    return padded[every, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _rotated(images: Tensor, degrees: float, generator: torch.Generator) -> Tensor:
    angle = (2 * torch.rand(len(images), generator=generator) - 1) * math.radians(degrees)
    cosine, sine, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    ratio = images.shape[2] / images.shape[3]
    turned = torch.stack(
        [torch.stack([cosine, -sine * ratio, zero], 1), torch.stack([sine / ratio, cosine, zero], 1)], 1
    ).to(images.device)
    grid = functional.affine_grid(turned, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
