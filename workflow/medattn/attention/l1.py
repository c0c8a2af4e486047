"""A trainable weight per pixel with an L1 penalty: the baseline "with L1" of the GSA paper.

Paper: GSA, sections 4.3 and 4.4, where it represents pixel selection by an embedded method: every pixel weight starts
at one, and the penalty is averaged over the pixels.

Equation, for images X of shape B x C x H x W and weights w of shape 1 x 1 x H x W, w = 1 at the start:

    Y = X * w,    loss = cross entropy + coefficient * mean over the H W pixels of |w|

Deviations: none known. The weights are unbounded, because the paper sets no bounds.
"""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from medattn.attention.mechanism import InputAttention, register


@register("l1")
class PixelWeights(InputAttention):
    """Weight per pixel, initialized to 1, with an L1 penalty averaged over the pixels."""

    values: nn.Parameter

    def __init__(
        self,
        *,
        coefficient: Annotated[
            float, Field(ge=0, description="weight of the mean absolute pixel weight in the loss")
        ] = 1.0,
    ) -> None:
        super().__init__()
        self.coefficient = coefficient

    def prepare(self, images: Tensor) -> None:
        """Create one weight for each pixel of `images` (N x C x H x W)."""
        self.values = nn.Parameter(torch.ones(1, 1, *images.shape[-2:], device=images.device))

    def phase(self, epoch: int) -> str:
        """Return one phase for all epochs."""
        return "learning"

    def weights(self) -> Tensor:
        """Return the weights, 1 x 1 x H x W."""
        return self.values

    def penalty(self) -> Tensor:
        """Return coefficient times the mean absolute weight."""
        return self.coefficient * self.values.abs().mean()
