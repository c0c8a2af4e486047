"""Coordinate attention: a weight per channel and row, times one per channel and column.

Paper: Hou, Zhou, Feng, "Coordinate Attention for Efficient Mobile Network Design", CVPR 2021.

Equations, for features X of shape B x C x H x W and m = max(8, C / reduction):

    z_h = mean over W of X                          B x C x H
    z_w = mean over H of X                          B x C x W
    u = hswish(BN(W1 [z_h, z_w] + b1))              B x m x (H + W), W1: C -> m, one 1 x 1 convolution for both
    e_h = sigmoid(W_h u_h + b_h)                    B x C x H x 1, u_h: the first H of u
    e_w = sigmoid(W_w u_w + b_w)                    B x C x 1 x W, u_w: the rest
    Y = X * e_h * e_w

Parameters: 3 C m + 3 m + 2 C (the convolutions' biases and BN's two included).

Deviations: the paper's default is a reduction of 32; the counts that the PPCR paper publishes need 16, the floor of 8
and biases. Public implementations differ in these biases, in the divisor (timm multiplies the bottleneck by 2/3) and in
a skip connection, which this one does not have. The pools are modules, because some counters count modules only. The
bias b1 has no gradient in training, because BN subtracts the mean.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from medattn.attention.mechanism import BlockAttention, register

_LEAST_WIDTH = 8


@register("ca")
class CoordinateAttention(BlockAttention):
    """Gate in (0, 1) per image, channel and pixel: the product of a row's and a column's weight."""

    gradient_free = ("reduce.bias",)

    def __init__(
        self,
        channels: int,
        size: tuple[int, int],
        *,
        reduction: Annotated[
            int, Field(ge=1, description="divisor of the channels in the bottleneck, which has 8 at least")
        ] = 16,
        bias: Annotated[bool, Field(description="whether the convolutions have biases")] = True,
    ) -> None:
        super().__init__()
        width = max(_LEAST_WIDTH, channels // reduction)
        self.pool_rows = nn.AdaptiveAvgPool2d((None, 1))
        self.pool_columns = nn.AdaptiveAvgPool2d((1, None))
        self.reduce = nn.Conv2d(channels, width, kernel_size=1, bias=bias)
        self.normalize = nn.BatchNorm2d(width)
        self.activation = nn.Hardswish()
        self.expand_rows = nn.Conv2d(width, channels, kernel_size=1, bias=bias)
        self.expand_columns = nn.Conv2d(width, channels, kernel_size=1, bias=bias)

    @staticmethod
    def skip_reason(channels: int, size: tuple[int, int], options: Mapping[str, Any]) -> str | None:
        """Return a reason for channels that the reduction does not divide."""
        reduction = options["reduction"]
        return f"{channels} channels can't be divided by {reduction}" if channels % reduction else None

    def forward(self, features: Tensor) -> Tensor:
        """Return `features` (B x C x H x W), each value multiplied by its row's and its column's weight."""
        rows, columns = self._rows_and_columns(features)
        return features * rows * columns

    def weights(self, features: Tensor) -> Tensor:
        """Return e_h * e_w, B x C x H x W."""
        rows, columns = self._rows_and_columns(features)
        return rows * columns

    def _rows_and_columns(self, features: Tensor) -> tuple[Tensor, Tensor]:
        height, width = features.shape[-2:]
        means = torch.cat([self.pool_rows(features), self.pool_columns(features).transpose(2, 3)], dim=2)
        rows, columns = self.activation(self.normalize(self.reduce(means))).split([height, width], dim=2)
        return self.expand_rows(rows).sigmoid(), self.expand_columns(columns.transpose(2, 3)).sigmoid()
