"""Residual attention networks of 56 and 92 layers, for images of any size.

Paper: Wang et al., "Residual Attention Network for Image Classification", CVPR 2017, Table 2. The 92-layer network is a
baseline of GSA. One of the two is the baseline of ACNet, which does not specify it.

    7x7 convolution of stride 2 to 64, BN, ReLU, 3x3 max-pooling of stride 2     64 x H/4 x W/4
    stage 1: unit to 256, modules of depth 3                                    256 x H/4 x W/4
    stage 2: unit to 512 of stride 2, modules of depth 2                        512 x H/8 x W/8
    stage 3: unit to 1024 of stride 2, modules of depth 1                      1024 x H/16 x W/16
    units to 2048: one of stride 2, two more                                   2048 x H/32 x W/32
    BN, ReLU, mean over the pixels, linear

Units and modules are those of attention/residual.py with p = 1, t = 2, r = 1; ResAttNet-92 has 1, 2 and 3 modules in
the stages, ResAttNet-56 one in each.

Public code differs: that of imgclsmob, which GSA used, has the same layers and counts, but fixed sizes for images of
224 px. Other public versions have an unused shortcut convolution in each unit and therefore more parameters.
"""

from torch import Tensor, nn

from medattn.attention.residual import Bottleneck, ResidualAttention, activation, initialize
from medattn.backbones.network import register


class ResAttNet(nn.Module):
    """Residual attention network: B x 3 x H x W -> B x classes.

    Args:
        classes: number of outputs.
        size: height and width of the images in pixels.
        modules: number of attention modules in each of the three stages.
    """

    def __init__(self, classes: int, size: tuple[int, int], modules: tuple[int, int, int]) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False),
            activation(64),
            nn.MaxPool2d(3, stride=2, padding=1),
        ]
        inputs, side = 64, (-(-size[0] // 4), -(-size[1] // 4))
        for stage, count in enumerate(modules):
            width, stride = 256 * 2**stage, 2 if stage else 1
            side = (-(-side[0] // stride), -(-side[1] // stride))
            layers.append(Bottleneck(inputs, width, stride))
            layers += [ResidualAttention(width, side, depth=3 - stage) for _ in range(count)]
            inputs = width
        layers += [Bottleneck(inputs, 2048, 2), Bottleneck(2048, 2048), Bottleneck(2048, 2048)]
        self.features = nn.Sequential(*layers)
        self.last = activation(2048)
        self.classify = nn.Linear(2048, classes)
        initialize(self)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of normalized images."""
        logits: Tensor = self.classify(self.last(self.features(images)).mean((2, 3)))
        return logits


@register("resattnet92")
class ResAttNet92(ResAttNet):
    """Residual attention network of 92 layers."""

    def __init__(self, classes: int, size: tuple[int, int]) -> None:
        super().__init__(classes, size, (1, 2, 3))


@register("resattnet56")
class ResAttNet56(ResAttNet):
    """Residual attention network of 56 layers."""

    def __init__(self, classes: int, size: tuple[int, int]) -> None:
        super().__init__(classes, size, (1, 1, 1))
