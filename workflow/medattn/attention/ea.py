"""External attention: pixels attend to a small memory that all images share.

Paper: Guo et al., "Beyond Self-attention: External Attention using Two Linear Layers for Visual Tasks", TPAMI 2022.

Equations, for features X of shape B x C x H x W seen as Q of shape B x N x C, N = H W pixels, S slots:

    A = softmax over the N pixels of (Q M_k^T)      B x N x S, M_k: S x C
    A = A / (eps + sum over the S slots of A)       the paper's double normalization
    Y = A M_v                                       B x N x C, back to B x C x H x W, M_v: S x C

Parameters: 2 S C.

Deviations: the authors' block for networks has two more C x C convolutions and a skip connection. The PPCR paper's
counts exclude the convolutions and fit S = 64 and two layers without biases; this block has no skip connection either.
Both memories are initialized from a normal distribution of standard deviation 0.001, as in a public re-implementation.
The normalization is computed in at least 32 bits. On a map of one pixel the output is the mean of the rows of M_v: it
does not depend on the image, and M_k has no gradient.
"""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from medattn.attention.mechanism import BlockAttention, register


@register("ea")
class ExternalAttention(BlockAttention):
    """Attention over S learned slots, which replaces the features."""

    def __init__(
        self,
        channels: int,
        size: tuple[int, int],
        *,
        slots: Annotated[int, Field(ge=1, description="S, rows of the memory")] = 64,
        eps: Annotated[float, Field(ge=0, description="added to the sum over the slots")] = 1e-9,
    ) -> None:
        super().__init__()
        self.eps = eps
        self.keys = nn.Linear(channels, slots, bias=False)
        self.values = nn.Linear(slots, channels, bias=False)
        nn.init.normal_(self.keys.weight, std=0.001)
        nn.init.normal_(self.values.weight, std=0.001)

    def forward(self, features: Tensor) -> Tensor:
        """Return the memory values that the pixels of `features` (B x C x H x W) attend to, in the same shape."""
        attention = self.weights(features).to(features.dtype).flatten(2).transpose(1, 2)
        read = self.values(attention).transpose(1, 2)
        result: Tensor = read.reshape(features.shape).to(features.dtype)
        return result

    def weights(self, features: Tensor) -> Tensor:
        """Return A, B x S x H x W; its sum over the slots is 1 at every pixel."""
        attention = self._over_pixels(features)
        attention = attention / (self.eps + attention.sum(dim=2, keepdim=True))
        result: Tensor = attention.transpose(1, 2).reshape(len(features), -1, *features.shape[-2:])
        return result

    def weight_map(self, features: Tensor) -> Tensor:
        """Return the attention of the slots to each pixel, B x H x W; the sum of a map is 1.

        It is the mean over the slots before the second normalization, after which all pixels have the same mean.
        """
        return self._over_pixels(features).mean(2).view(len(features), *features.shape[2:])

    def _over_pixels(self, features: Tensor) -> Tensor:
        """Return the softmax over the N pixels, B x N x S."""
        scores: Tensor = self.keys(features.flatten(2).transpose(1, 2))
        return scores.to(torch.promote_types(scores.dtype, torch.float32)).softmax(dim=1)
