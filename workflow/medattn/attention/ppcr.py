"""Pyramid pixel context recalibration: a weight per pixel, from means over groups of its channels.

Paper: Zhang et al., "PPCR: Learning Pyramid Pixel Context Recalibration Module for Medical Image Classification",
section 3, Eq. 1 to 8.

Equations, for features X of shape B x C x H x W and n scales of k = 1, 2, 4, ... groups, D = 2^n - 1 (three scales: 7):

    T = [CP(X, 1), CP(X, 2), CP(X, 4)]                  B x D x H x W, CP(X, k): means over k groups of C / k channels
    That_d = (T_d - mean_d T) / sqrt(var_d T + eps)     "pixel normalization": per pixel, over d = 1..D, biased variance
    Z = sum_d W_d That_d                                B x 1 x H x W, W: D x H x W, or D x 1 x 1 (shared)
    G = sigmoid(Z)
    Y = X * G                                           broadcast over C

Parameters: D H W, or D where the weights are shared; with `normalization: batch` 2 D more, with `layer` 2 D H W.

Choices where the paper is silent: groups are contiguous; eps is 1e-5; four scales (Table 3) are 1, 2, 4 and 8 groups.
Eq. 4 writes i for d and z for t. The alternatives in Table 4 are torch's BatchNorm2d(D), InstanceNorm2d(D) and
LayerNorm([D, H, W]) with their defaults. The text gives W one value per pixel (below Eq. 6, and Eq. 8), while the
published parameter counts look like one value per d: `weight_shape` selects either. With W per position, the network
accepts one image size only. The gate is computed in at least 32 bits. No public code of the authors is known.

Deviations: none known.

Consequences of the algebra, for pixel normalization:

- sum_d That_d = 0 at every pixel, so adding a constant over d to W changes nothing: W = 0 and W = 1 are the same model,
  with the same gradients. Table 5 compares a model with itself.
- The map of one group is the mean of T over d. Its That is 0 and its W has no gradient: 1/D of W never learns.
- T has rank 4 for three scales (every map is a mean of the four finest), not 7.
- One scale (D = 1): That = 0, so the gate is 0.5 for any W, W does not learn, and the module halves the features.
- Two scales (D = 3): That = (0, +-1.2247, -+1.2247), the sign of the difference of two halves. Up to eps, X gets no
  gradient through the gate.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from medattn.attention.mechanism import BlockAttention, register


class PixelNormalization(nn.Module):
    """Normalization of every pixel over the channels to mean 0 and variance 1, without parameters."""

    def __init__(self, eps: float) -> None:
        super().__init__()
        self.eps = eps

    def forward(self, maps: Tensor) -> Tensor:
        """Return `maps` (B x D x H x W), normalized over D."""
        variance, mean = torch.var_mean(maps, dim=1, correction=0, keepdim=True)
        return (maps - mean) / torch.sqrt(variance + self.eps)


@register("ppcr")
class PyramidPixelContextRecalibration(BlockAttention):
    """Gate in (0, 1) per image and pixel."""

    def __init__(
        self,
        channels: int,
        size: tuple[int, int],
        *,
        scales: Annotated[
            int, Field(ge=1, le=6, description="number of scales, of 1, 2, 4, ... groups of channels")
        ] = 3,
        normalization: Annotated[
            Literal["pixel", "batch", "instance", "layer", "none"],
            Field(description="how the group means are normalized"),
        ] = "pixel",
        weight_shape: Annotated[
            Literal["position", "shared"],
            Field(description="W: a value per map and pixel, or one per map for all pixels"),
        ] = "position",
        initial_weight: Annotated[float, Field(description="value of W at the start")] = 0.0,
        eps: Annotated[float, Field(gt=0, description="added to the variance")] = 1e-5,
    ) -> None:
        super().__init__()
        self.scales = scales
        maps = 2**scales - 1
        position = size if weight_shape == "position" else (1, 1)
        self.normalize = _normalization(normalization, maps, size, eps)
        self.weight = nn.Parameter(torch.full((maps, *position), initial_weight))

    @staticmethod
    def skip_reason(channels: int, size: tuple[int, int], options: Mapping[str, Any]) -> str | None:
        """Return a reason for channels that the finest groups do not divide, and for normalizing a single value."""
        groups = 2 ** (options["scales"] - 1)
        if channels % groups:
            return f"{channels} channels can't be divided into {groups} groups"
        if options["normalization"] in ("batch", "instance") and tuple(size) == (1, 1):
            return f"{options['normalization']} normalization of a map of 1 x 1 needs more than one value"
        return None

    def context(self, features: Tensor) -> Tensor:
        """Return T, B x D x H x W, the group means of `features` (B x C x H x W), from coarse to fine."""
        features = features.to(torch.promote_types(features.dtype, torch.float32))
        batch, _, height, width = features.shape
        groups = 2 ** (self.scales - 1)
        means = [features.reshape(batch, groups, -1, height, width).mean(dim=2)]
        while groups > 1:
            groups //= 2
            # Groups have equal sizes, so a mean of means is the mean of the larger group.
            means.insert(0, means[0].reshape(batch, groups, 2, height, width).mean(dim=2))
        return torch.cat(means, dim=1)

    def forward(self, features: Tensor) -> Tensor:
        """Return `features` (B x C x H x W), each pixel multiplied by its weight."""
        return features * self.weights(features).to(features.dtype)

    def weights(self, features: Tensor) -> Tensor:
        """Return the gate G, B x 1 x H x W."""
        normalized = self.normalize(self.context(features))
        result: Tensor = (self.weight * normalized).sum(dim=1, keepdim=True).sigmoid()
        return result

    def distributions(self, features: Tensor) -> Mapping[str, Tensor]:
        """Return T ("context"), That ("normalized") and W ("weight"), a row for each d; PPCR's Fig. 4."""
        context = self.context(features)
        return {
            "context": context.transpose(0, 1).flatten(1),
            "normalized": self.normalize(context).transpose(0, 1).flatten(1),
            "weight": self.weight.flatten(1),
        }


def _normalization(name: str, maps: int, size: tuple[int, int], eps: float) -> nn.Module:
    if name == "pixel":
        return PixelNormalization(eps)
    if name == "batch":
        return nn.BatchNorm2d(maps, eps=eps)
    if name == "instance":
        return nn.InstanceNorm2d(maps, eps=eps)
    return nn.LayerNorm([maps, *size], eps=eps) if name == "layer" else nn.Identity()
