"""ACNet: convolutions, residual blocks and two residual-attention modules, for T1 maps of the heart.

Paper: ACNet (classification of dilated cardiomyopathy on CMR T1 maps), sections II and III. The text fixes seven
convolutions and three residual blocks ("down-residual", convolutions first, so that the receptive field grows rapidly),
then two residual-attention modules H = (1 + M) * T. Widths, strides and depths are only in a figure, and no parameter
count is published. This reading is built, for images of 128 x 128:

    seven 3x3 convolutions with BN and ReLU, widths 32 32 64 64 128 128 128, strides 1 2 1 2 1 1 1    128 x 32 x 32
    three pre-activation residual blocks of two 3x3 convolutions                                      128 x 32 x 32
    attention module, mask of two down-samplings                                                      128 x 32 x 32
    bottleneck unit of stride 2                                                                       256 x 16 x 16
    attention module, mask of one down-sampling                                                       256 x 16 x 16
    BN, ReLU, mean over the pixels, linear

Modules and bottleneck units are those of attention/residual.py (p = 1, t = 2, r = 1). Options change the guesses: the
width, the depth of the masks, and the unit between the modules. Gray images are repeated to three channels.
"""

from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from medattn.attention.residual import Bottleneck, ResidualAttention, activation, convolution, initialize
from medattn.backbones.network import register

_STEM = ((4, 1), (4, 2), (2, 1), (2, 2), (1, 1), (1, 1), (1, 1))  # divisor of the width, stride


class BasicBlock(nn.Module):
    """Pre-activation residual block of two 3x3 convolutions: B x C x H x W -> the same shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            activation(channels), convolution(channels, channels, 3),
            activation(channels), convolution(channels, channels, 3),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output."""
        output: Tensor = x + self.body(x)
        return output


@register("acnet")
class AcNet(nn.Module):
    """ACNet: B x 3 x H x W -> B x classes."""

    def __init__(
        self,
        classes: int,
        size: tuple[int, int],
        *,
        width: Annotated[
            int,
            Field(
                ge=16, le=1024, multiple_of=16, description="channels behind the convolutions; the first have a quarter"
            ),
        ] = 128,
        depth: Annotated[
            int,
            Field(ge=2, le=4, description="down-samplings in the first mask; behind `halve` the second has one less"),
        ] = 2,
        halve: Annotated[
            bool,
            Field(description="a unit between the modules halves the map and doubles the channels; else there is none"),
        ] = True,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs, side = 3, size
        for divisor, step in _STEM:
            layers += [convolution(inputs, width // divisor, 3, step), activation(width // divisor)]
            inputs, side = width // divisor, _divided(side, step)
        layers += [BasicBlock(width) for _ in range(3)]
        self.down_residual = nn.Sequential(*layers)
        self.attention = nn.Sequential(ResidualAttention(width, side, depth=depth))
        if halve:
            self.attention.append(Bottleneck(width, 2 * width, 2))
            width, side, depth = 2 * width, _divided(side, 2), depth - 1
        self.attention.append(ResidualAttention(width, side, depth=depth))
        self.last = activation(width)
        self.classify = nn.Linear(width, classes)
        initialize(self)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of normalized images."""
        features = self.last(self.attention(self.down_residual(images)))
        logits: Tensor = self.classify(features.mean((2, 3)))
        return logits


def _divided(size: tuple[int, int], stride: int) -> tuple[int, int]:
    return -(-size[0] // stride), -(-size[1] // stride)
