"""Spatial pyramid attention: a weight per channel, from means over the cells of several grids.

Paper: Guo et al., "SPANet: Spatial Pyramid Attention Network for Enhanced Image Recognition", ICME 2020.

Equations, for features X of shape B x C x H x W, r the reduction and three scales (grids of 1, 2 and 4 cells a side):

    v = [pool_1(X), pool_2(X), pool_4(X)], flattened        B x 21 C, pool_k: means over the cells of a k x k grid
    e = sigmoid(W2 relu(W1 v))                              W1: 21 C -> C/r, W2: C/r -> C, without biases
    Y = X * e                                               e broadcast over H and W

Parameters: 22 C^2 / r for three scales.

Deviations: the SPANet paper does not specify biases, and its public code has none. The parameter counts that the PPCR
paper publishes confirm this, with r = 16 and three scales. Cells overlap where k does not divide a side, as in every
adaptive pooling. Maps smaller than the finest grid are skipped, because its cells would repeat pixels.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from medattn.attention.mechanism import BlockAttention, register


@register("spa")
class SpatialPyramidAttention(BlockAttention):
    """Gate in (0, 1) per image and channel."""

    def __init__(
        self,
        channels: int,
        size: tuple[int, int],
        *,
        reduction: Annotated[int, Field(ge=1, description="r, divisor of the channels in the bottleneck")] = 16,
        scales: Annotated[int, Field(ge=1, le=6, description="number of grids, of 1, 2, 4, ... cells a side")] = 3,
        bias: Annotated[bool, Field(description="whether both layers have biases")] = False,
    ) -> None:
        super().__init__()
        sides = [2**scale for scale in range(scales)]
        self.pools = nn.ModuleList(nn.AdaptiveAvgPool2d(side) for side in sides)
        self.layers = nn.Sequential(
            nn.Linear(channels * sum(side**2 for side in sides), channels // reduction, bias=bias),
            nn.ReLU(),
            nn.Linear(channels // reduction, channels, bias=bias),
            nn.Sigmoid(),
        )

    @staticmethod
    def skip_reason(channels: int, size: tuple[int, int], options: Mapping[str, Any]) -> str | None:
        """Return a reason for channels that the reduction does not divide, and for maps below the finest grid."""
        reduction, finest = options["reduction"], 2 ** (options["scales"] - 1)
        if channels % reduction:
            return f"{channels} channels can't be divided by {reduction}"
        if min(size) < finest:
            return f"a map of {size[0]} x {size[1]} is smaller than the finest grid of {finest} x {finest}"
        return None

    def forward(self, features: Tensor) -> Tensor:
        """Return `features` (B x C x H x W), each channel multiplied by its weight."""
        return features * self.weights(features)

    def weights(self, features: Tensor) -> Tensor:
        """Return e, B x C x 1 x 1."""
        pyramid = torch.cat([pool(features).flatten(1) for pool in self.pools], dim=1)
        result: Tensor = self.layers(pyramid)[:, :, None, None]
        return result
