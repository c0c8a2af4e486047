"""Global context: one vector gathered from all pixels, transformed and added to every pixel.

Paper: Cao et al., "GCNet: Non-local Networks Meet Squeeze-Excitation Networks and Beyond", ICCV Workshops 2019.

Equations, for features X of shape B x C x H x W, N = H W pixels and r the reduction:

    a = softmax over the N pixels of (w . X_n + b)      B x N, w: C -> 1
    c = sum_n a_n X_n                                   B x C
    Y = X + W2 relu(LN(W1 c + b1)) + b2                 W1: C -> C/r, W2: C/r -> C, added to every pixel

Parameters: (C + 1) + 2 C^2 / r + C / r + C + 2 C / r (the last: LN's). The module is timm's; W2 is zero at the start.

Deviations: none known. The PPCR paper's counts need r = 8 and exclude LN. The eps of LN is 1e-6 (timm); in GCNet's code
it is 1e-5. `fusion: scale` multiplies by the sigmoid of the transformed context instead of adding it, with the same
count. The bias b has no gradient: it shifts all scores equally, which the softmax cancels. While W2 = 0, the parameters
before it do not learn.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field
from timm.layers.global_context import GlobalContext as TimmGlobalContext
from torch import Tensor

from medattn.attention.mechanism import BlockAttention, outputs_of, register


@register("gc")
class GlobalContext(BlockAttention):
    """Context vector per image, added to every pixel."""

    gradient_free = ("module.conv_attn.bias",)

    def __init__(
        self,
        channels: int,
        size: tuple[int, int],
        *,
        reduction: Annotated[int, Field(ge=1, description="r, divisor of the channels in the bottleneck")] = 8,
        fusion: Annotated[Literal["add", "scale"], Field(description="how the context joins the features")] = "add",
    ) -> None:
        super().__init__()
        self.module = TimmGlobalContext(
            channels,
            fuse_add=fusion == "add",
            fuse_scale=fusion == "scale",
            rd_channels=channels // reduction,
        )

    @staticmethod
    def skip_reason(channels: int, size: tuple[int, int], options: Mapping[str, Any]) -> str | None:
        """Return a reason for channels that the reduction does not divide."""
        reduction = options["reduction"]
        return f"{channels} channels can't be divided by {reduction}" if channels % reduction else None

    def forward(self, features: Tensor) -> Tensor:
        """Return `features` (B x C x H x W) with the context added to, or multiplied with, every pixel."""
        result: Tensor = self.module(features)
        return result

    def weights(self, features: Tensor) -> Tensor:
        """Return a as a map, B x 1 x H x W; its sum over the pixels is 1."""
        assert self.module.conv_attn is not None
        scores = outputs_of(self.module.conv_attn, self.module, features)[0]
        return scores.flatten(2).softmax(dim=2).view_as(scores)
