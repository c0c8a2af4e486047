"""VGG-att3: VGG with attention at three depths, which classifies the weighted features only.

Paper: Jetley et al., "Learn to Pay Attention", ICLR 2018. It is a baseline of GSA, which cites the public repository
LearnToPayAttention and trains it without ImageNet weights.

Blocks of 3x3 convolutions with bias, batch normalization and ReLU, for images of H x W:

    2 x 64, 2 x 128, 3 x 256 at H x W           l1: B x 256 x H/2 x W/2, projected to 512 by a 1x1 convolution
    pool, 3 x 512                               l2: B x 512 x H/4 x W/4
    pool, 3 x 512                               l3: B x 512 x H/8 x W/8
    pool, then two convolutions of 512, each followed by a pooling
    convolution of the kernel H/32 x W/32       g:  B x 512 x 1 x 1
    logits = W [g_1; g_2; g_3]                  1536 -> classes; g_s: attention of l_s with g (attention/vgg_att3.py)

Unlike in VGG, the first pooling follows the third block, which makes the network twelve times as expensive as VGG-16.

Choices where GSA is silent: local features after the poolings, the parametrized compatibility and the softmax.
Convolutions and the classifier have Glorot's uniform initialization with the gain of ReLU, and biases of 0.
"""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from medattn.attention.vgg_att3 import CompatibilityAttention
from medattn.backbones.network import register
from medattn.errors import Skipped


@register("vgg_att3")
class VggAtt3(nn.Module):
    """VGG-att3: B x 3 x H x W -> B x classes, H and W at least 32."""

    def __init__(
        self,
        classes: int,
        size: tuple[int, int],
        *,
        compatibility: Annotated[
            Literal["pc", "dp"],
            Field(description="how local features are compared with the image: parametrized, or dot product"),
        ] = "pc",
        normalization: Annotated[
            Literal["softmax", "sigmoid"],
            Field(description="softmax over the pixels and sum, or sigmoid and mean"),
        ] = "softmax",
        local_features: Annotated[
            Literal["after_pooling", "before_pooling"],
            Field(description="where local features are taken; before the pooling they are twice as large"),
        ] = "after_pooling",
    ) -> None:
        super().__init__()
        if min(size) < 32:
            raise Skipped(
                f"medattn/vgg_att3 can't be trained on images of {size[0]} x {size[1]} px: it halves them five times"
            )
        self.after_pooling = local_features == "after_pooling"
        self.stem = nn.Sequential(*_convolutions(3, 64, 2), *_convolutions(64, 128, 2))
        widths = ((128, 256), (256, 512), (512, 512))
        self.blocks = nn.ModuleList(nn.Sequential(*_convolutions(inputs, outputs, 3)) for inputs, outputs in widths)
        self.last = nn.Sequential(
            *_convolutions(512, 512, 1), nn.MaxPool2d(2), *_convolutions(512, 512, 1), nn.MaxPool2d(2)
        )
        self.dense = nn.Conv2d(512, 512, kernel_size=(size[0] // 32, size[1] // 32))
        self.project = nn.Conv2d(256, 512, kernel_size=1, bias=False)
        self.attention = nn.ModuleList(CompatibilityAttention(512, compatibility, normalization) for _ in range(3))
        self.classify = nn.Linear(3 * 512, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(module.weight, gain=nn.init.calculate_gain("relu"))
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of normalized images."""
        x, local = self.stem(images), []
        for block in self.blocks:
            before = block(x)
            x = functional.max_pool2d(before, 2)
            local.append(x if self.after_pooling else before)
        whole = self.dense(self.last(x))
        local[0] = self.project(local[0])
        weighted = [attention(layer, whole) for attention, layer in zip(self.attention, local, strict=True)]
        logits: Tensor = self.classify(torch.cat(weighted, dim=1))
        return logits


def _convolutions(inputs: int, outputs: int, count: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for position in range(count):
        layers += [
            nn.Conv2d(outputs if position else inputs, outputs, kernel_size=3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        ]
    return layers
