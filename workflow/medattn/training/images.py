"""Images of a data set as uint8, on the device or on the host; batches are augmented and normalized on the device."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from medattn.config.models.recipe import Recipe
from medattn.training.augment import augment
from medattn.training.device import free_memory, sent

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
_PIECE = 1024
_UPLOAD = 1 << 26
"""Bytes of images that are uploaded at once."""
_SHARE = 0.5
"""Share of the device's free memory that images may take; the rest is for networks and their activations."""


@dataclass(frozen=True)
class ResidentImages:
    """All images of a data set, on the device or, if they do not fit there, in the host's memory.

    Attributes:
        pixels: N x C x H x W, uint8; C is 1 or 3.
        labels: N, int64, on the device of the pixels, as are positions of images.
        size: height and width in pixels to which batches are resized; None to keep the stored size.
        device: device of the batches; None for the device of the pixels.
    """

    pixels: Tensor
    labels: Tensor
    size: int | None = None
    device: torch.device | None = None

    @property
    def target(self) -> torch.device:
        """Device of the batches."""
        return self.device or self.pixels.device

    @classmethod
    def on(
        cls,
        device: torch.device,
        images: Sequence[np.ndarray],
        labels: Sequence[np.ndarray],
        size: int | None,
        free: int | None = None,
    ) -> "ResidentImages":
        """Upload the concatenated splits of N x H x W x C uint8 images and their labels.

        Images are uploaded in pieces, because they may be mapped from a file that is larger than the memory, and as
        they are stored; the device brings the channels to the front. If they need more than half of the device's free
        memory, they stay on the host, and each batch is uploaded separately.

        Args:
            device: device on which networks are trained.
            images: images of each split.
            labels: labels of each split.
            size: height and width in pixels to which batches are resized; None to keep the stored size.
            free: free bytes of the device; default: measured.
        """
        height, width, channels = images[0].shape[1:]
        shape = (sum(map(len, images)), channels, height, width)
        free = free_memory(device) if free is None else free
        home = device if free is None or math.prod(shape) <= _SHARE * free else torch.device("cpu")
        pixels = torch.empty(shape, dtype=torch.uint8, device=home)
        start, count = 0, max(1, _UPLOAD // (height * width * channels))
        for piece in (part[first : first + count] for part in images for first in range(0, len(part), count)):
            pixels[start : start + len(piece)] = _channels_first(piece, home)
            start += len(piece)
        return cls(pixels, torch.from_numpy(np.concatenate(labels)).to(home), size, device)

    def extended(self, pixels: Tensor, labels: Tensor) -> "ResidentImages":
        """Return these images followed by further ones."""
        home = self.pixels.device
        return replace(
            self,
            pixels=torch.cat([self.pixels, pixels.to(home)]),
            labels=torch.cat([self.labels, labels.to(home)]),
        )

    def stored(self, indices: Tensor) -> Tensor:
        """Return the images at `indices` as float32 in [0, 1], B x C x H x W, at the size in which they are stored."""
        return sent(self.pixels[indices], self.target).float().div_(255)

    def taken(self, indices: Tensor) -> Tensor:
        """Return the images at `indices` as float32 in [0, 1], B x C x H x W, resized to the network's input."""
        images = self.stored(indices)
        if self.size is not None and images.shape[-2:] != (self.size, self.size):
            shrinks = min(images.shape[-2:]) > self.size
            images = functional.interpolate(images, size=(self.size, self.size), mode="bilinear", antialias=shrinks)
        return images


def _channels_first(images: np.ndarray, device: torch.device) -> Tensor:
    """Return N x H x W x C images as N x C x H x W, on the CPU or uploaded to `device`."""
    if device.type == "cpu":  # NumPy does this faster than torch
        return torch.from_numpy(np.array(images.transpose(0, 3, 1, 2), order="C"))
    return torch.from_numpy(np.array(images)).to(device).permute(0, 3, 1, 2)


@dataclass(frozen=True)
class Normalization:
    """Normalization by per-channel mean and standard deviation, 1 x C x 1 x 1."""

    mean: Tensor
    deviation: Tensor

    def __call__(self, images: Tensor) -> Tensor:
        """Return normalized images with 3 channels; gray images are repeated."""
        return images.sub(self.mean).div_(self.deviation).expand(-1, 3, -1, -1)


def normalization_for(recipe: Recipe, images: ResidentImages, training: Tensor) -> Normalization:
    """Return the recipe's normalization; "training" uses the mean and deviation of the run's training images only."""
    device = images.target
    if recipe.normalization == "training":
        mean, deviation = _moments(images, training)
    else:
        known = {"imagenet": (_IMAGENET_MEAN, _IMAGENET_DEVIATION), "half": ((0.5,) * 3, (0.5,) * 3)}
        mean, deviation = (torch.tensor(values) for values in known[recipe.normalization])
    return Normalization(mean.view(1, -1, 1, 1).to(device), deviation.view(1, -1, 1, 1).to(device))


def training_batches(
    images: ResidentImages, indices: Tensor, recipe: Recipe, order: torch.Generator, changes: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield augmented batches (images in [0, 1], labels) over `indices` in random order.

    A last batch of one image is added to the batch before it, because batch normalization can't train on one image.
    """
    shuffled = indices[torch.randperm(len(indices), generator=order).to(indices.device)]
    for chosen in _split(shuffled, recipe.batch_size):
        labels = sent(images.labels[chosen], images.target)
        if recipe.augmentation.random_resized_crop:
            # A crop before the resizing keeps the resolution in which the images are stored.
            yield augment(images.stored(chosen), recipe.augmentation, changes, images.size), labels
        else:
            yield augment(images.taken(chosen), recipe.augmentation, changes), labels


def _split(indices: Tensor, batch: int) -> list[Tensor]:
    batches = list(torch.split(indices, batch))
    if batch > 1 and len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


def _moments(images: ResidentImages, training: Tensor) -> tuple[Tensor, Tensor]:
    """Return per-channel mean and deviation, computed from exact counts of the 256 values: equal on every device."""
    values = torch.arange(256, dtype=torch.float64) / 255
    counts = torch.zeros((images.pixels.shape[1], 256), dtype=torch.int64)
    for part in torch.split(training, _PIECE):
        chosen = images.pixels[part].cpu()
        for channel in range(len(counts)):
            counts[channel] += torch.bincount(chosen[:, channel].flatten().int(), minlength=256)
    shares = counts.double() / counts.sum(1, keepdim=True)
    mean = shares @ values
    variance = (shares * (values - mean[:, None]) ** 2).sum(1)
    return mean.float(), variance.sqrt().clamp(min=1e-6).float()
