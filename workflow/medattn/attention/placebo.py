"""Placebos: mechanisms that change the network in the same places and never learn.

A gain over the network without attention has two parts: learned attention, and every other effect of the inserted
module, such as smaller activations. A placebo has the second part only.

    frozen:    Y = f(X; theta_0)                         theta_0: initial parameters and normalization statistics of f
    constant:  Y = c X,  c = <X, f(X; theta_0)> / <X, X>     c: least-squares factor over the first training images

Both work for any mechanism, add no term to the loss, and draw from the same random streams as the mechanism that they
replace: the rest of the network has the same initial parameters. A frozen mechanism is always in evaluation mode. On
the input, it has the map of the first epoch. `c` is measured once, before training, while the initialized network
processes the images as in training, without updates of its normalization statistics. Where the features at an insertion
point are all zero, as behind a normalization layer with zero weights, standard normal features replace them. `c` is a
buffer, not a parameter.
"""

import copy
from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor, nn

from medattn.attention.mechanism import BlockAttention, InputAttention

IMAGES = 64
"""Number of training images on which the strength of a constant placebo is measured."""


class FrozenBlock(BlockAttention):
    """Initialized block mechanism whose parameters and statistics never change."""

    def __init__(self, mechanism: BlockAttention) -> None:
        super().__init__()
        self.mechanism = mechanism.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> Self:
        """Switch the mode of the placebo; the mechanism stays in evaluation mode."""
        super().train(mode)
        self.mechanism.eval()
        return self

    def forward(self, features: Tensor) -> Tensor:
        """Return the output of the initialized mechanism for `features` (B x C x H x W)."""
        output: Tensor = self.mechanism(features)
        return output

    def weights(self, features: Tensor) -> Tensor | None:
        """Return the weights of the initialized mechanism."""
        return self.mechanism.weights(features)

    def weight_map(self, features: Tensor) -> Tensor | None:
        """Return the attention map of the initialized mechanism."""
        return self.mechanism.weight_map(features)

    def distributions(self, features: Tensor) -> Mapping[str, Tensor]:
        """Return the further values of the initialized mechanism."""
        return self.mechanism.distributions(features)


class ConstantBlock(BlockAttention):
    """Multiplication by the strength of an initialized block mechanism.

    Until `settle_constants` replaces it, the block applies the mechanism and measures its strength.
    """

    strength: Tensor

    def __init__(self, mechanism: BlockAttention) -> None:
        super().__init__()
        self.mechanism: BlockAttention | None = mechanism
        self.register_buffer("strength", torch.ones(()))

    def forward(self, features: Tensor) -> Tensor:
        """Return `features` (B x C x H x W) times the strength."""
        if self.mechanism is None:
            return features * self.strength.to(features.dtype)
        output: Tensor = self.mechanism(features)
        if features.is_meta:  # a check of shapes
            return output
        # Networks whose residual branches start as zero give no features to measure on: use standard normal ones.
        probe = features if features.any() else _standard_normal(features)
        self.strength = strength(probe, self.mechanism(probe))
        return output

    def weights(self, features: Tensor) -> Tensor:
        """Return the strength, B x 1 x 1 x 1."""
        return self.strength.to(features.dtype).expand(len(features), 1, 1, 1)


class FrozenInput(InputAttention):
    """Initialized mechanism on the input whose map never changes."""

    map: Tensor

    def __init__(self, mechanism: InputAttention) -> None:
        super().__init__()
        self.mechanism = mechanism

    @torch.no_grad()
    def prepare(self, images: Tensor) -> None:
        """Create the parameters of the mechanism for the training `images` (N x C x H x W) and compute its map."""
        self.mechanism.prepare(images)
        self.mechanism.requires_grad_(False).eval()
        self.mechanism.begin_epoch(1)
        self.register_buffer("map", self.mechanism.weights().detach().clone())

    def train(self, mode: bool = True) -> Self:
        """Switch the mode of the placebo; the mechanism stays in evaluation mode."""
        super().train(mode)
        self.mechanism.eval()
        return self

    def phase(self, epoch: int) -> str:
        """Return one phase for all epochs."""
        return "frozen"

    def weights(self) -> Tensor:
        """Return the map of the initialized mechanism, 1 x 1 x H x W."""
        return self.map


class ConstantInput(InputAttention):
    """Multiplication of the images by the strength of an initialized mechanism on the input."""

    strength: Tensor

    def __init__(self, mechanism: InputAttention) -> None:
        super().__init__()
        self._mechanism = [mechanism]  # in a list, so that its parameters do not belong to the network
        self.register_buffer("strength", torch.ones(()))
        self._size = (1, 1)

    @torch.no_grad()
    def prepare(self, images: Tensor) -> None:
        """Measure the strength of the mechanism, initialized for the training `images` (N x C x H x W)."""
        mechanism = self._mechanism.pop()
        mechanism.prepare(images)
        mechanism.eval()
        mechanism.begin_epoch(1)
        self.strength = strength(images[:IMAGES], mechanism(images[:IMAGES]))
        self._size = (images.shape[-2], images.shape[-1])

    def phase(self, epoch: int) -> str:
        """Return one phase for all epochs."""
        return "constant"

    def weights(self) -> Tensor:
        """Return the strength of each pixel, 1 x 1 x H x W."""
        return self.strength.expand(1, 1, *self._size)


def _standard_normal(like: Tensor) -> Tensor:
    drawn = torch.randn(like.shape, generator=torch.Generator().manual_seed(0))
    return drawn.to(like)


def strength(before: Tensor, after: Tensor) -> Tensor:
    """Return the factor c that minimizes |after - c before|, a scalar in float32; 1 where `before` is zero.

    Sums are in float64, because float32 would round them away for large maps.
    """
    x, y = before.double(), after.double()
    square = x.square().sum()
    return torch.where(square > 0, (x * y).sum() / square.clamp(min=torch.finfo(x.dtype).tiny), 1.0).float()


@torch.no_grad()
def settle_constants(network: nn.Module, images: Tensor) -> None:
    """Measure the strength of each constant block of `network` on `images` and remove its mechanism.

    All mechanisms are in place during the measurement, which leaves the rest of the network unchanged.

    Args:
        network: the initialized network, which maps B x 3 x H x W images to logits.
        images: normalized training images, N x C x H x W; the first 64 are used.
    """
    trial = copy.deepcopy(network).train()
    if not images.is_meta:  # where only shapes are known, there is nothing to measure
        trial(images[:IMAGES].expand(-1, 3, -1, -1))
    for name, module in network.named_modules():
        if isinstance(module, ConstantBlock):
            measured = trial.get_submodule(name)
            assert isinstance(measured, ConstantBlock)
            module.strength = measured.strength
            module.mechanism = None


def strengths(network: nn.Module) -> dict[str, float]:
    """Return the strengths of the constant placebos of a network, by path; empty where it has none."""
    found = ((n, m) for n, m in network.named_modules() if isinstance(m, ConstantBlock | ConstantInput))
    return {name: float(module.strength) for name, module in found}
