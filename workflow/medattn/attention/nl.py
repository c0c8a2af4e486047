"""Non-local attention: every pixel gathers the values of all pixels, weighted by similarity.

Papers: Wang et al., "Non-local Neural Networks", CVPR 2018, in the form of Zhang et al., "Self-Attention Generative
Adversarial Networks", ICML 2019, and Fu et al., "Dual Attention Network for Scene Segmentation", CVPR 2019.

Equations, for features X of shape B x C x H x W, N = H W pixels and r the reduction:

    Q = W_q X + b_q,  K = W_k X + b_k               B x C/r x N
    V = W_v X + b_v                                 B x C x N
    A_ij = softmax over j of (q_i . k_j)            B x N x N
    Y_i = X_i + gamma * sum_j A_ij V_j              gamma: one scalar, 0 at the start

Parameters: C^2 + C + 2 (C^2 + C) / r + 1.

Deviations: the PPCR paper cites Wang et al., whose block embeds to C/2, has an output convolution and no gamma. Its
published counts fit no variant of that block; they fit this form exactly, with r = 16 and biases. There is no factor
1/sqrt(d). The two products take N^2 (C + C / r) multiply-accumulates, which counters of modules miss. While gamma = 0,
only gamma learns. The bias b_k has no gradient: it shifts all scores of a pixel equally, which the softmax cancels.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from medattn.attention.mechanism import BlockAttention, register


@register("nl")
class NonLocalAttention(BlockAttention):
    """Self-attention over the pixels, added to the features."""

    gradient_free = ("key.bias",)

    def __init__(
        self,
        channels: int,
        size: tuple[int, int],
        *,
        reduction: Annotated[int, Field(ge=1, description="r, divisor of the channels of queries and keys")] = 16,
        initial_weight: Annotated[float, Field(description="gamma at the start")] = 0.0,
    ) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, channels // reduction, kernel_size=1)
        self.key = nn.Conv2d(channels, channels // reduction, kernel_size=1)
        self.value = nn.Conv2d(channels, channels, kernel_size=1)
        self.gamma = nn.Parameter(torch.full((1,), initial_weight))

    @staticmethod
    def skip_reason(channels: int, size: tuple[int, int], options: Mapping[str, Any]) -> str | None:
        """Return a reason for channels that the reduction does not divide."""
        reduction = options["reduction"]
        return f"{channels} channels can't be divided by {reduction}" if channels % reduction else None

    def forward(self, features: Tensor) -> Tensor:
        """Return `features` (B x C x H x W) plus gamma times the values that each pixel gathers."""
        values = self.value(features).flatten(2)
        gathered = torch.bmm(values, self.weights(features).to(values.dtype).transpose(1, 2))
        return (features + self.gamma * gathered.view_as(features)).to(features.dtype)

    def weights(self, features: Tensor) -> Tensor:
        """Return A, B x N x N: row i has the weights that pixel i gives to all pixels."""
        queries, keys = self.query(features).flatten(2), self.key(features).flatten(2)
        return torch.bmm(queries.transpose(1, 2), keys).softmax(dim=2)

    def weight_map(self, features: Tensor) -> Tensor:
        """Return the mean weight that each pixel receives (mean over the rows of A), B x H x W; a map sums to 1."""
        return self.weights(features).mean(1).view(len(features), *features.shape[2:])
