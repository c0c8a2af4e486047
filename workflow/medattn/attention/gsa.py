"""Global spatial attention: one attention map for a whole data set, from a pixel CNN.

Paper: "Global spatial attention" (GSA), section 3: Fig. 3, Eq. 1, Algorithm 1.

Equations. The training images X (N x C x H x W), seen as one image with N C channels, are P (1 x NC x H x W).

    M = sigmoid(conv1x1(relu(conv3x3(P))))     conv3x3: NC -> K channels, stride 1, padding 1;  conv1x1: K -> 1
    Y = X * M                                   M is 1 x 1 x H x W, broadcast over images and channels
    loss = cross entropy + coefficient * mean over the H W pixels of |M|

After the cut-off epoch E the pixel CNN is frozen and its map is computed once (Algorithm 1).
Parameters: K (9 N C + 1) + (K + 1).

Section 4.10 varies the pixel CNN, one change at a time: a first kernel of 5 or 7 (`first_kernel`), two to four hidden
layers (`hidden_layers`), a last kernel of 3 or 5 (`last_kernel`), dense connections (`dense`). The paper gives no
sizes. Here, every hidden layer has K channels, the kernel of the first layer, an activation, and padding that keeps the
size. With dense connections, the input of each layer is the concatenation of P and the outputs of all layers before it,
as in DenseNet.

Choices where the paper is silent: the hidden activation ("convolution with activation") is ReLU. A sigmoid maps the
output to [0, 1]. |M| is averaged over the pixels, as in the paper's L1 baseline. P has the training images of the run
only, because test or validation images in it would leak; they are in the order of the data set and normalized like the
input of the image CNN, without augmentation. Gray images count as one channel. The pixel CNN shares optimizer and
learning rate with the image CNN and has PyTorch's default initialization.

Deviations: none known.
"""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from medattn.attention.mechanism import InputAttention, register


@register("gsa")
class GlobalSpatialAttention(InputAttention):
    """Pixel CNN and its map, frozen after the cut-off epoch."""

    pixel_cnn: nn.Sequential
    pixels: Tensor | None
    _penalized: Tensor

    def __init__(
        self,
        *,
        channels: Annotated[int, Field(ge=1, description="K, channels of the pixel CNN's hidden layer")] = 32,
        coefficient: Annotated[
            float, Field(ge=0, description="lambda, weight of the mean of the map in the loss")
        ] = 0.01,
        cutoff_epoch: Annotated[
            int,
            Field(ge=0, description="E, last epoch in which the pixel CNN learns; 0 keeps its initial map"),
        ] = 60,
        first_kernel: Annotated[
            Literal[3, 5, 7], Field(description="kernel of the pixel CNN's hidden layers, in pixels")
        ] = 3,
        hidden_layers: Annotated[int, Field(ge=1, le=4, description="hidden layers of the pixel CNN")] = 1,
        last_kernel: Annotated[
            Literal[1, 3, 5], Field(description="kernel of the pixel CNN's last layer, in pixels")
        ] = 1,
        dense: Annotated[
            bool, Field(description="each layer of the pixel CNN sees P and the output of all layers before it")
        ] = False,
    ) -> None:
        super().__init__()
        self.channels = channels
        self.first_kernel = first_kernel
        self.hidden_layers = hidden_layers
        self.last_kernel = last_kernel
        self.dense = dense
        self.coefficient = coefficient
        self.cutoff_epoch = cutoff_epoch
        # Not part of the state: the pixels follow from the data, and the map from the frozen weights.
        self.register_buffer("pixels", None, persistent=False)
        self._known_map: Tensor | None = None
        self._frozen = False

    def prepare(self, images: Tensor) -> None:
        """Stack `images` (N x C x H x W) as the channels of P and create the pixel CNN for them."""
        self.pixels = images.reshape(1, -1, *images.shape[-2:])
        layers: list[nn.Module] = []
        inputs = self.pixels.shape[1]
        for _ in range(self.hidden_layers):
            hidden = [_convolution(inputs, self.channels, self.first_kernel), nn.ReLU()]
            layers += [_Dense(*hidden)] if self.dense else hidden
            inputs = inputs + self.channels if self.dense else self.channels
        layers += [_convolution(inputs, 1, self.last_kernel), nn.Sigmoid()]
        self.pixel_cnn = nn.Sequential(*layers).to(images.device)

    def begin_epoch(self, epoch: int) -> None:
        """Freeze the pixel CNN if `epoch` is after the cut-off epoch."""
        if epoch > self.cutoff_epoch and not self._frozen:
            self.pixel_cnn.requires_grad_(False)
            for parameter in self.pixel_cnn.parameters():
                parameter.grad = None  # otherwise the optimizer would apply the last gradient again
            self._known_map = self._map_without_gradient()
            self._frozen = True
            self.pixels = None

    def phase(self, epoch: int) -> bool:
        """Return whether the pixel CNN is frozen in `epoch`."""
        return epoch > self.cutoff_epoch

    def train(self, mode: bool = True) -> "GlobalSpatialAttention":
        """Switch between training and evaluation mode; in evaluation, the map is computed once for all batches."""
        super().train(mode)
        if not self._frozen:
            self._known_map = None
        return self

    def weights(self) -> Tensor:
        """Return the map M, 1 x 1 x H x W, in [0, 1]."""
        if self._known_map is None:
            if self.training and torch.is_grad_enabled():
                return self._map()
            self._known_map = self._map_without_gradient()
        return self._known_map

    def penalty(self) -> Tensor | None:
        """Return coefficient times the mean of the map; None once the map is frozen."""
        return None if self._frozen else self.coefficient * self._penalized.abs().mean()

    def _map(self) -> Tensor:
        assert self.pixels is not None, "prepare() comes first"
        # Saved for the penalty, which then needs no second pass through the pixel CNN.
        self._penalized = self.pixel_cnn(self.pixels)
        return self._penalized

    @torch.no_grad()
    def _map_without_gradient(self) -> Tensor:
        assert self.pixels is not None, "prepare() comes first"
        result: Tensor = self.pixel_cnn(self.pixels)
        return result


class _Dense(nn.Module):
    """Hidden layer that concatenates its input and its output: 1 x C x H x W -> 1 x (C + K) x H x W."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.hidden = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Return the concatenation of input and output."""
        return torch.cat([x, self.hidden(x)], dim=1)


def _convolution(inputs: int, outputs: int, kernel: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel_size=kernel, padding=kernel // 2)
