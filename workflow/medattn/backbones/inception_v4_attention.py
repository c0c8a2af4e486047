"""Inception-v4 with residual-attention modules in its middle layers, for OCT images of 299 x 299.

Paper: the OCT paper (retinal diseases on OCT images, residual attention), section on the network: three modules of
first and second order (one and two down-samplings) between the Inception blocks, H = (1 + M) * T, masks by convolutions
and linear up-sampling. Where the modules stand is only in a figure.

The backbone is timm's inception_v4; its blocks keep their names, `features.<index>`, and its ImageNet weights:

    0-5 stem    6-9 Inception-A, 384 x 35 x 35    10 Reduction-A    11-17 Inception-B, 1024 x 17 x 17
    18 Reduction-B    19-21 Inception-C, 1536 x 8 x 8

What the paper leaves open, and what is taken by default: one module for each kind of Inception block, behind its last
(9, 17, 21), of second order at 35 px and first order at 17 and 8 px, as the residual attention network has one depth a
resolution; each module adds its mask only (T is the block's own output), since units with random weights in front of
frozen ones would scramble what these were trained on. `form: full` has the units of the residual attention network as
well (p = 1, t = 2), twice the parameters.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field
from torch import Tensor, nn

from medattn.attention.residual import ResidualAttention
from medattn.backbones.network import register
from medattn.errors import UserError


@register("inception_v4_attention")
class InceptionV4Attention(nn.Module):
    """Inception-v4 with attention behind some of its blocks: B x 3 x H x W -> B x classes."""

    starts_from: ClassVar[str] = "timm/inception_v4"

    def __init__(
        self,
        classes: int,
        size: tuple[int, int],
        *,
        modules: Annotated[
            tuple[
                Annotated[
                    tuple[Annotated[int, Field(ge=6, le=21)], Annotated[int, Field(ge=1, le=3)]], Field(strict=False)
                ],
                ...,
            ],
            Field(
                strict=False,
                min_length=1,
                description="for each module the index in `features` of the block that it stands behind, and its order",
            ),
        ] = ((9, 2), (17, 1), (21, 1)),
        form: Annotated[
            Literal["mask", "full"],
            Field(description="a mask on the block's output, or the whole module with its own units"),
        ] = "mask",
        mask_bias: Annotated[
            float | None,
            Field(description="initial bias of the masks' last convolution; -4 starts near the plain network; "
                  "default: without a bias"),
        ] = None,
    ) -> None:  # fmt: skip
        super().__init__()
        import timm

        network: Any = timm.create_model("inception_v4", pretrained=False, num_classes=classes)
        self.features: nn.Sequential = network.features
        self.global_pool, self.head_drop = network.global_pool, network.head_drop
        self.last_linear = network.last_linear
        places = [place for place, _ in modules]
        if len(set(places)) < len(places):
            raise UserError(f"medattn/inception_v4_attention: two modules behind one block in {places}")
        p, t = (0, 0) if form == "mask" else (1, 2)
        self.attention = nn.ModuleDict(
            {
                str(place): ResidualAttention(*_shape(place, size), depth=order, mask_bias=mask_bias, p=p, t=t)
                for place, order in modules
            }
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of normalised images."""
        x = images
        for place, block in enumerate(self.features):
            x = block(x)
            if str(place) in self.attention:
                x = self.attention[str(place)](x)
        logits: Tensor = self.last_linear(self.head_drop(self.global_pool(x)))
        return logits


def _shape(place: int, size: tuple[int, int]) -> tuple[int, tuple[int, int]]:
    """Return channels, and height and width, behind the block `place` for images of `size`."""
    halvings = 3 if place <= 9 else 4 if place <= 17 else 5
    channels = 384 if place <= 9 else 1024 if place <= 17 else 1536
    return channels, (_side(size[0], halvings), _side(size[1], halvings))


def _side(pixels: int, halvings: int) -> int:
    """Return how many of `pixels` are left behind so many 3x3 layers of stride 2; none of them is padded."""
    for layer in range(halvings):
        pixels = (pixels - 3) // 2 + 1
        # The stem's other layers without padding: two 3x3 behind the first halving (one padded), 3x3 behind the second.
        pixels -= 2 if layer < 2 else 0
    return pixels
