"""CBAM: channel attention from means and maxima, then spatial attention.

Paper: Woo et al., "CBAM: Convolutional Block Attention Module", ECCV 2018.

Equations, for features X of shape B x C x H x W and r the reduction:

    f(s) = W2 relu(W1 s)                                            W1: C -> C/r, W2: C/r -> C
    e = sigmoid(f(mean over H W of X) + f(max over H W of X))       B x C x 1 x 1, one f for both
    X' = X * e
    Y = X' * G(X')                                                  G: spatial attention, mechanism `sa`

Parameters: 2 C^2 / r (+ C / r + C with biases) + 2 k^2. The channel half is timm's module.

Deviations: none known. The paper does not specify biases; the authors' code has them, timm's does not (the default
here). For normalization after the spatial convolution, see `sa`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field
from timm.layers.cbam import ChannelAttn
from torch import Tensor

from medattn.attention.mechanism import BlockAttention, outputs_of, register
from medattn.attention.sa import SpatialAttention


@register("cbam")
class ConvolutionalBlockAttention(BlockAttention):
    """Gate in (0, 1) per image, channel and pixel: the product of a channel's and a pixel's weight."""

    def __init__(
        self,
        channels: int,
        size: tuple[int, int],
        *,
        reduction: Annotated[int, Field(ge=1, description="r, divisor of the channels in the bottleneck")] = 16,
        bias: Annotated[bool, Field(description="whether the layers of the channel half have biases")] = False,
        kernel: Annotated[int, Field(ge=1, le=31, description="k, side of the convolution in pixels, odd")] = 7,
        normalization: Annotated[
            Literal["none", "batch"], Field(description="what follows the convolution of the spatial half")
        ] = "none",
    ) -> None:
        super().__init__()
        self.channel = ChannelAttn(channels, rd_channels=channels // reduction, mlp_bias=bias)
        self.spatial = SpatialAttention(channels, size, kernel=kernel, normalization=normalization)

    @staticmethod
    def skip_reason(channels: int, size: tuple[int, int], options: Mapping[str, Any]) -> str | None:
        """Return a reason for channels that the reduction does not divide, and for those of the spatial half."""
        if channels % options["reduction"]:
            return f"{channels} channels can't be divided by {options['reduction']}"
        if options["kernel"] % 2 == 0:
            return f"a kernel of {options['kernel']} is even: the map would be shifted"
        if options["normalization"] == "batch" and tuple(size) == (1, 1):
            return "batch normalization of a map of 1 x 1 needs more than one value"
        return None

    def forward(self, features: Tensor) -> Tensor:
        """Return `features` (B x C x H x W), weighted by channel, then by pixel."""
        return self.spatial(self.channel(features))  # type: ignore[no-any-return]

    def weights(self, features: Tensor) -> Tensor:
        """Return e * G, B x C x H x W."""
        channel = outputs_of(self.channel.gate, self.channel, features)[0]
        return channel * self.spatial.weights(features * channel)
