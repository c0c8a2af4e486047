"""Squeeze and excitation: a weight per channel, from the channel means.

Paper: Hu, Shen, Sun, "Squeeze-and-Excitation Networks", CVPR 2018.

Equations, for features X of shape B x C x H x W and r the reduction:

    s = mean over H W of X                      B x C
    e = sigmoid(W2 relu(W1 s + b1) + b2)        W1: C -> C/r, W2: C/r -> C
    Y = X * e                                   e broadcast over H and W

Parameters: 2 C^2 / r + C / r + C. The module is torchvision's.

Deviations: none known. Public implementations differ in the biases (many have none) and in the width of the bottleneck
(some round it up to a multiple of 8). The parameter counts that the PPCR paper publishes for ResNet-50 need r = 16,
biases and no rounding.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from torch import Tensor, nn
from torchvision.ops import SqueezeExcitation as TorchvisionSqueezeExcitation

from medattn.attention.mechanism import BlockAttention, outputs_of, register


@register("se")
class SqueezeExcitation(BlockAttention):
    """Gate in (0, 1) per image and channel."""

    def __init__(
        self,
        channels: int,
        size: tuple[int, int],
        *,
        reduction: Annotated[int, Field(ge=1, description="r, divisor of the channels in the bottleneck")] = 16,
        bias: Annotated[bool, Field(description="whether both layers have biases")] = True,
    ) -> None:
        super().__init__()
        self.module = TorchvisionSqueezeExcitation(channels, channels // reduction)
        if not bias:
            self.module.fc1 = nn.Conv2d(channels, channels // reduction, kernel_size=1, bias=False)
            self.module.fc2 = nn.Conv2d(channels // reduction, channels, kernel_size=1, bias=False)

    @staticmethod
    def skip_reason(channels: int, size: tuple[int, int], options: Mapping[str, Any]) -> str | None:
        """Return a reason for channels that the reduction does not divide."""
        reduction = options["reduction"]
        return f"{channels} channels can't be divided by {reduction}" if channels % reduction else None

    def forward(self, features: Tensor) -> Tensor:
        """Return `features` (B x C x H x W), each channel multiplied by its weight."""
        result: Tensor = self.module(features)
        return result

    def weights(self, features: Tensor) -> Tensor:
        """Return e, B x C x 1 x 1."""
        return outputs_of(self.module.scale_activation, self.module, features)[0]
