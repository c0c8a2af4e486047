"""Attention by compatibility: local features are weighted by their compatibility with a global feature.

Paper: Jetley et al., "Learn to Pay Attention", ICLR 2018, section 3; GSA's baseline VGG-att3 has it at three depths.

Equations, for local features L of shape B x C x H x W with l_i the vector at pixel i, and a global feature g of shape
B x C x 1 x 1 (equal C; a layer of other width is projected first, see the network):

    pc:  c_i = u . (l_i + g)          u a learned vector of C weights ("parametrized compatibility")
    dp:  c_i = l_i . g                dot product, no parameters
    softmax:  a = softmax over the H W pixels of c;   g_a = sum_i a_i l_i
    sigmoid:  a = sigmoid(c);                         g_a = mean over the pixels of a_i l_i

It returns one vector per image, not a feature map, and therefore can't be placed in other networks: it is a part of the
network medattn/vgg_att3.

Deviations: none known. Public code differs: GSA cites the repository LearnToPayAttention, whose default is the sigmoid
and which has no dot product. The paper of Jetley et al. uses the softmax.
"""

from typing import Literal

from torch import Tensor, nn

Compatibility = Literal["pc", "dp"]
AttentionNormalization = Literal["softmax", "sigmoid"]


class CompatibilityAttention(nn.Module):
    """Weighting of local features by their compatibility with a global one."""

    def __init__(self, channels: int, compatibility: Compatibility, normalization: AttentionNormalization) -> None:
        super().__init__()
        self.score = nn.Conv2d(channels, 1, kernel_size=1, bias=False) if compatibility == "pc" else None
        self.softmax = normalization == "softmax"

    def weights(self, local: Tensor, whole: Tensor) -> Tensor:
        """Return the attention weights a, B x 1 x H x W.

        Args:
            local: B x C x H x W.
            whole: g, B x C x 1 x 1.
        """
        scores = (local * whole).sum(1, keepdim=True) if self.score is None else self.score(local + whole)
        return scores.flatten(2).softmax(2).view_as(scores) if self.softmax else scores.sigmoid()

    def forward(self, local: Tensor, whole: Tensor) -> Tensor:
        """Return the weighted features g_a, B x C, of the arguments of `weights`."""
        weighted = self.weights(local, whole) * local
        return weighted.sum((2, 3)) if self.softmax else weighted.mean((2, 3))
