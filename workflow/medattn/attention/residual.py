"""Residual attention: a soft mask from an hourglass branch, parallel to the features that it weights.

Paper: Wang et al., "Residual Attention Network for Image Classification", CVPR 2017, section 3, Fig. 2 and Eq. 3. The
OCT paper calls a mask with one down-sampling first order and one with two second order; ACNet uses the same form.

Equations, for features X of shape B x C x H x W, with U a pre-activation bottleneck unit that keeps the shape (BN,
ReLU, 1x1 to C/4; BN, ReLU, 3x3; BN, ReLU, 1x1 to C; plus its input), and U^k a sequence of k units:

    X' = U^p(X)                                        shared by both branches
    T  = U^t(X')                                       trunk, B x C x H x W
    d_0 = X';  d_i = U^r(maxpool(d_(i-1)))             down, i = 1 .. depth; 3x3 pooling of stride 2, padding 1
    s_depth = d_depth;  s_i = up(U^r(s_(i+1))) + d_i + U(d_i)     up to i = 1, bilinear to the size of d_i
    M  = sigmoid(f(f(up(U^r(s_1)) + T)))               soft mask, B x C x H x W; f: BN, ReLU, 1x1 convolution C -> C
    Y  = U^p((1 + M) * T)

With p = t = 0, only the mask is added: T is the block's output and Y = (1 + M) * X, so no unit with random weights
changes trained features. A negative `mask_bias` then starts close to Y = X.

`depth: 0` halves the map at least once, until its shorter side has at most 9 pixels. This gives the depths of the
residual attention network (56, 28 and 14 px: 3, 2, 1), of ACNet (32 and 16 px: 2, 1), and of the OCT paper's modules
behind the three kinds of Inception-v4 blocks (35, 17 and 8 px: 2, 1, 1).

Choices where the paper is silent: the last map before the mask is added to T, the skip connections inside the hourglass
are d + U(d), and bilinear interpolation aligns corners, as in the public code of the imgclsmob models, which has the
same number of parameters. p also counts the units after the product. Convolutions have no biases and He's
initialization (fan out).

Deviations: none known.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from medattn.attention.mechanism import BlockAttention, register


class Bottleneck(nn.Module):
    """Pre-activation bottleneck unit: B x C_in x H x W -> B x C_out x H/stride x W/stride.

    Where the shape changes, the shortcut is a 1x1 convolution of the activated input.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        width = outputs // 4
        self.activate = activation(inputs)
        self.body = nn.Sequential(
            convolution(inputs, width, 1),
            activation(width),
            convolution(width, width, 3, stride),
            activation(width),
            convolution(width, outputs, 1),
        )
        self.shortcut = convolution(inputs, outputs, 1, stride) if stride != 1 or inputs != outputs else None

    def forward(self, x: Tensor) -> Tensor:
        """Return the unit's output."""
        activated = self.activate(x)
        shortcut: Tensor = x if self.shortcut is None else self.shortcut(activated)
        output: Tensor = shortcut + self.body(activated)
        return output


@register("residual")
class ResidualAttention(BlockAttention):
    """Residual attention module: B x C x H x W -> the same shape."""

    def __init__(
        self,
        channels: int,
        size: tuple[int, int],
        *,
        depth: Annotated[
            int,
            Field(
                ge=0,
                le=4,
                description="down-samplings in the mask: 1 first order, 2 second; 0: until at most 9 px are left, once "
                "at least",
            ),
        ] = 1,
        p: Annotated[int, Field(ge=0, le=4, description="units before the branches part, and behind the product")] = 1,
        t: Annotated[int, Field(ge=0, le=8, description="units in the trunk; with p = t = 0 only a mask is added")] = 2,
        r: Annotated[int, Field(ge=1, le=4, description="units between two poolings of the mask")] = 1,
        mask_bias: Annotated[
            float | None, Field(description="initial bias of the mask's last convolution; default: without a bias")
        ] = None,
    ) -> None:
        super().__init__()
        depth = depth or depth_for(size)
        self.before = _units(channels, p)
        self.trunk = _units(channels, t)
        self.down = nn.ModuleList(_units(channels, r) for _ in range(depth))
        self.skip = nn.ModuleList(_units(channels, 1) for _ in range(depth - 1))
        self.up = nn.ModuleList(_units(channels, r) for _ in range(depth))
        last = nn.Conv2d(channels, channels, 1, bias=mask_bias is not None)
        self.head = nn.Sequential(activation(channels), convolution(channels, channels, 1), activation(channels), last)
        self.after = _units(channels, p)
        initialize(self)
        if last.bias is not None and mask_bias is not None:
            nn.init.constant_(last.bias, mask_bias)

    @staticmethod
    def skip_reason(channels: int, size: tuple[int, int], options: Mapping[str, Any]) -> str | None:
        """Return a reason for channels that 4 does not divide, and for maps that can't be halved often enough."""
        if channels % 4:
            return f"{channels} channels can't be divided by 4"
        halvings = max(1, options["depth"])
        if min(size) <= 2 ** (halvings - 1):
            return f"a map of {size[0]} x {size[1]} can't be halved {halvings} times"
        return None

    def weights(self, features: Tensor) -> Tensor:
        """Return the soft mask M, B x C x H x W, in [0, 1]."""
        return self._trunk_and_mask(features)[1]

    def forward(self, x: Tensor) -> Tensor:
        """Return the output Y of the module."""
        trunk, mask = self._trunk_and_mask(x)
        output: Tensor = self.after((1 + mask) * trunk)
        return output

    def _trunk_and_mask(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.before(x)
        trunk = self.trunk(x)
        return trunk, self.head(self._hourglass(x) + trunk).sigmoid()

    def _hourglass(self, x: Tensor) -> Tensor:
        levels = [x]
        for down in self.down:
            levels.append(down(functional.max_pool2d(levels[-1], 3, stride=2, padding=1)))
        x = levels[-1]
        for level in range(len(self.up), 0, -1):
            if level < len(self.up):
                x = x + levels[level] + self.skip[level - 1](levels[level])
            x = bilinear(self.up[level - 1](x), levels[level - 1].shape[-2:])
        return x


class _Bilinear(torch.autograd.Function):
    """Bilinear interpolation with a deterministic backward pass on every device: two matrix products.

    CUDA's own backward pass adds in any order; PyTorch's deterministic form of it scatters with `index_put`.
    """

    @staticmethod
    def forward(ctx: Any, images: Tensor, size: Sequence[int]) -> Tensor:
        """Return the images, B x C x h x w, at `size`; corners stay where they are."""
        ctx.shape = images.shape[-2:]
        resized: Tensor = torch.ops.aten.upsample_bilinear2d(images, list(size), True)
        return resized

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """Return the gradient of the images from that of the result, B x C x H x W."""
        (gradient,) = gradients
        rows, columns = (
            _shares(before, after, gradient) for before, after in zip(ctx.shape, gradient.shape[-2:], strict=True)
        )
        return rows @ gradient @ columns.T, None


def bilinear(images: Tensor, size: Sequence[int]) -> Tensor:
    """Return `images` (B x C x h x w) at `size` by bilinear interpolation; corners stay where they are."""
    resized: Tensor = _Bilinear.apply(images, size)
    return resized


def _shares(before: int, after: int, like: Tensor) -> Tensor:
    """Return the share of each of `before` pixels in each of `after` interpolated ones, before x after."""
    unit = torch.eye(before, dtype=torch.float32, device=like.device)[None]
    return functional.interpolate(unit, size=after, mode="linear", align_corners=True)[0].to(like.dtype)


def depth_for(size: tuple[int, int]) -> int:
    """Return how often a map of this (H, W) is halved, at least once, until its shorter side has at most 9 pixels."""
    side, depth = -(-min(size) // 2), 1
    while side > 9:
        side, depth = -(-side // 2), depth + 1
    return depth


def activation(channels: int) -> nn.Sequential:
    """Return batch normalization and ReLU, the pre-activation of a convolution."""
    return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(inplace=True))


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    """Return a convolution that keeps the size (times 1/stride), without a bias."""
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)


def initialize(network: nn.Module) -> None:
    """Initialize all convolutions of `network` as in He et al. 2015 (fan out), and biases with 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def _units(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Bottleneck(channels, channels) for _ in range(count)))
