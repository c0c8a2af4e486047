"""CBAM's spatial attention: a weight per pixel, from mean and maximum over the channels.

Paper: Woo et al., "CBAM: Convolutional Block Attention Module", ECCV 2018, section 3 (the spatial half).

Equations, for features X of shape B x C x H x W:

    G = sigmoid(conv_k([mean_C X, max_C X]))        B x 1 x H x W, conv: k x k, 2 -> 1 channels, same size
    Y = X * G                                       broadcast over C

Parameters: 2 k^2 = 98 for the paper's k = 7.

Deviations: the paper has a convolution only. The authors' code and timm's add a batch normalization after it (2 more
parameters), which `normalization: batch` adds here, too. There is no bias, as in both.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from medattn.attention.mechanism import BlockAttention, register


@register("sa")
class SpatialAttention(BlockAttention):
    """Gate in (0, 1) per image and pixel."""

    def __init__(
        self,
        channels: int,
        size: tuple[int, int],
        *,
        kernel: Annotated[int, Field(ge=1, le=31, description="k, side of the convolution in pixels, odd")] = 7,
        normalization: Annotated[Literal["none", "batch"], Field(description="what follows the convolution")] = "none",
    ) -> None:
        super().__init__()
        self.convolve = nn.Conv2d(2, 1, kernel_size=kernel, padding=kernel // 2, bias=False)
        self.normalize = nn.BatchNorm2d(1) if normalization == "batch" else nn.Identity()

    @staticmethod
    def skip_reason(channels: int, size: tuple[int, int], options: Mapping[str, Any]) -> str | None:
        """Return a reason for even kernels, which shift the map, and for batch normalization of a single value."""
        if options["kernel"] % 2 == 0:
            return f"a kernel of {options['kernel']} is even: the map would be shifted"
        if options["normalization"] == "batch" and tuple(size) == (1, 1):
            return "batch normalization of a map of 1 x 1 needs more than one value"
        return None

    def forward(self, features: Tensor) -> Tensor:
        """Return `features` (B x C x H x W), each pixel multiplied by its weight."""
        return features * self.weights(features)

    def weights(self, features: Tensor) -> Tensor:
        """Return G, B x 1 x H x W."""
        summary = torch.cat([features.mean(1, keepdim=True), features.amax(1, keepdim=True)], dim=1)
        result: Tensor = self.normalize(self.convolve(summary)).sigmoid()
        return result
