"""Augmentation: random changes of training images, drawn independently for each image and applied on its device."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from medattn.config.models.recipe import Augmentation, ColorJitter, RandomResizedCrop
from medattn.training.device import sent


def augment(images: Tensor, augmentation: Augmentation, generator: torch.Generator, size: int | None = None) -> Tensor:
    """Return `images` (B x C x H x W, float, before normalization) with random changes.

    Random numbers are drawn on the CPU and are therefore equal on every device.

    Args:
        images: the images.
        augmentation: the changes.
        generator: draws them.
        size: height and width in pixels to which random crops are resized; default: those of the images.
    """
    if augmentation.horizontal_flip:
        images = _flipped(images, augmentation.horizontal_flip, 3, generator)
    if augmentation.vertical_flip:
        images = _flipped(images, augmentation.vertical_flip, 2, generator)
    if augmentation.crop_padding:
        images = _cropped(images, augmentation.crop_padding, generator)
    if augmentation.random_resized_crop:
        images = random_resized_crops(images, augmentation.random_resized_crop, generator, size)
    if augmentation.rotation:
        degrees = math.radians(augmentation.rotation)
        images = rotated(images, (2 * torch.rand(len(images), generator=generator) - 1) * degrees)
    if augmentation.color_jitter:
        images = _jittered(images, augmentation.color_jitter, generator)
    if augmentation.noise:
        drawn = torch.randn(images.shape, generator=generator)
        images = (images + augmentation.noise * sent(drawn, images.device)).clamp(0, 1)
    return images


def rotated(images: Tensor, angles: Tensor) -> Tensor:
    """Return `images` (B x C x H x W), each rotated by its angle (B, in radians): bilinear, zeros outside."""
    cosine, sine, zero = angles.cos(), angles.sin(), torch.zeros_like(angles)
    ratio = images.shape[2] / images.shape[3]
    rotations = torch.stack(
        [torch.stack([cosine, -sine * ratio, zero], 1), torch.stack([sine / ratio, cosine, zero], 1)], 1
    )
    return _sampled(images, rotations, "zeros", None)


def _flipped(images: Tensor, probability: float, axis: int, generator: torch.Generator) -> Tensor:
    chosen = torch.rand(len(images), generator=generator) < probability
    return torch.where(sent(chosen, images.device)[:, None, None, None], images.flip(axis), images)


def _cropped(images: Tensor, padding: int, generator: torch.Generator) -> Tensor:
    count, _, height, width = images.shape
    offsets = sent(torch.randint(0, 2 * padding + 1, (2, count), generator=generator), images.device)
    padded = functional.pad(images, (padding,) * 4)
    rows = offsets[0, :, None] + torch.arange(height, device=images.device)
    columns = offsets[1, :, None] + torch.arange(width, device=images.device)
    every = torch.arange(count, device=images.device)[:, None, None]
    return padded[every, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _jittered(images: Tensor, jitter: ColorJitter, generator: torch.Generator) -> Tensor:
    from torchvision.transforms.v2 import functional as changes

    drawn = 2 * torch.rand((4, len(images)), generator=generator, dtype=torch.float64) - 1
    brightness, contrast, saturation, hue = (
        drawn * torch.tensor([jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue])[:, None]
    ).tolist()
    changed = []
    for number, image in enumerate(images):
        if jitter.brightness:
            image = changes.adjust_brightness(image, 1 + brightness[number])
        if jitter.contrast:
            image = changes.adjust_contrast(image, 1 + contrast[number])
        if jitter.saturation:
            image = changes.adjust_saturation(image, 1 + saturation[number])
        if jitter.hue:
            image = changes.adjust_hue(image, hue[number])
        changed.append(image)
    return torch.stack(changed)


def mixed_up(
    images: Tensor, labels: Tensor, alpha: float, classes: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return a batch mixed by mixup (Zhang et al. 2018, "mixup: Beyond empirical risk minimization").

    The share of an image in its mixture is drawn once for the batch, on the CPU.

    Args:
        images: B x C x H x W.
        labels: B, int64.
        alpha: both parameters of the beta distribution of the share.
        classes: number of classes.
        generator: draws the share.

    Returns:
        The mixtures, and the share of each class in them, B x `classes`, float32.
    """
    from torchvision.transforms.v2 import MixUp

    seed = int(torch.randint(2**62, (1,), generator=generator))
    with torch.random.fork_rng(devices=[]):  # torchvision draws from the global generator
        torch.manual_seed(seed)
        mixtures, shares = MixUp(alpha=alpha, num_classes=classes)(images, labels)
    return mixtures, shares


def random_resized_crops(
    images: Tensor, crop: RandomResizedCrop, generator: torch.Generator, size: int | None = None
) -> Tensor:
    """Crop a part of random area, aspect ratio and position, and resize it to `size` x `size`.

    By default, the part is resized to the size of the image.

    A side longer than the image's is shortened to it, which makes the area a little smaller than drawn.
    """
    area, shape, x, y = torch.rand((4, len(images)), generator=generator)
    smallest, largest = crop.scale
    area = smallest + area * (largest - smallest)
    narrowest, widest = map(math.log, crop.ratio)
    aspect = (narrowest + shape * (widest - narrowest)).exp()
    width, height = (area * aspect).sqrt().clamp(max=1), (area / aspect).sqrt().clamp(max=1)
    zero = torch.zeros_like(area)
    # Coordinates are in [-1, 1]: the center of a part of width w is between w - 1 and 1 - w.
    center_x, center_y = (2 * x - 1) * (1 - width), (2 * y - 1) * (1 - height)
    part = torch.stack([torch.stack([width, zero, center_x], 1), torch.stack([zero, height, center_y], 1)], 1)
    return _sampled(images, part, "border", size)


def _sampled(images: Tensor, placements: Tensor, outside: str, size: int | None) -> Tensor:
    """Return the images sampled bilinearly on affine grids (B x 2 x 3), at their own size or at `size`."""
    shape = list(images.shape) if size is None else [*images.shape[:2], size, size]
    grid = functional.affine_grid(sent(placements, images.device), shape, align_corners=False)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode=outside, align_corners=False)
