"""Residual attention and VGG-att3's attention against their equations, written out in numpy for one image."""

import numpy as np
import pytest
import torch

from medattn.attention.mechanism import create_block_attention
from medattn.attention.residual import bilinear
from medattn.attention.vgg_att3 import CompatibilityAttention
from medattn.config.mechanisms import mechanism_options, mechanism_skip_reason
from medattn.errors import UserError

from .test_references import randomized


def residual(channels, size, **options):
    return create_block_attention("residual", mechanism_options("residual")(**options).model_dump(), channels, size)


def norm_relu(x, p, name):
    mean, variance = p[f"{name}.0.running_mean"], p[f"{name}.0.running_var"]
    scaled = (x - mean[:, None, None]) / np.sqrt(variance[:, None, None] + 1e-5)
    return np.maximum(scaled * p[f"{name}.0.weight"][:, None, None] + p[f"{name}.0.bias"][:, None, None], 0)


def convolve(x, weight):
    reach = weight.shape[2] // 2
    padded = np.pad(x, ((0, 0), (reach, reach), (reach, reach)))
    out = np.zeros((len(weight), *x.shape[1:]))
    for i in range(x.shape[1]):
        for j in range(x.shape[2]):
            window = padded[:, i : i + 2 * reach + 1, j : j + 2 * reach + 1]
            out[:, i, j] = (weight * window).sum((1, 2, 3))
    return out


def unit(x, p, name):
    y = convolve(norm_relu(x, p, f"{name}.activate"), p[f"{name}.body.0.weight"])
    y = convolve(norm_relu(y, p, f"{name}.body.1"), p[f"{name}.body.2.weight"])
    return x + convolve(norm_relu(y, p, f"{name}.body.3"), p[f"{name}.body.4.weight"])


def units(x, p, name, count):
    for number in range(count):
        x = unit(x, p, f"{name}.{number}")
    return x


def pool(x):
    height, width = -(-x.shape[1] // 2), -(-x.shape[2] // 2)
    out = np.empty((len(x), height, width))
    for i in range(height):
        for j in range(width):
            out[:, i, j] = x[:, max(0, 2 * i - 1) : 2 * i + 2, max(0, 2 * j - 1) : 2 * j + 2].max((1, 2))
    return out


def enlarge(x, height, width):
    """Bilinear, the corners of both maps in the same place."""

    def blend(y, axis, length):
        there = np.linspace(0, y.shape[axis] - 1, length)
        low = np.floor(there).astype(int)
        high = np.minimum(low + 1, y.shape[axis] - 1)
        share = (there - low).reshape([-1 if a == axis else 1 for a in range(3)])
        return y.take(low, axis) * (1 - share) + y.take(high, axis) * share

    return blend(blend(x, 1, height), 2, width)


def expected(x, p, depth, before, trunk, between):
    x = units(x, p, "before", before)
    kept = units(x, p, "trunk", trunk)
    down = [x]
    for level in range(depth):
        down.append(units(pool(down[-1]), p, f"down.{level}", between))
    s = down[depth]
    for level in range(depth - 1, 0, -1):
        s = enlarge(units(s, p, f"up.{level}", between), *down[level].shape[1:])
        s = s + down[level] + units(down[level], p, f"skip.{level - 1}", 1)
    mask = enlarge(units(s, p, "up.0", between), *x.shape[1:]) + kept
    mask = convolve(norm_relu(mask, p, "head.0"), p["head.1.weight"])
    mask = convolve(norm_relu(mask, p, "head.2"), p["head.3.weight"])
    if "head.3.bias" in p:
        mask = mask + p["head.3.bias"][:, None, None]
    mask = 1 / (1 + np.exp(-mask))
    return units((1 + mask) * kept, p, "after", before), mask


@pytest.mark.parametrize(("size", "options"), [
    ((7, 5), {}),
    ((9, 6), {"depth": 2}),
    ((9, 9), {"depth": 3, "r": 2}),
    ((5, 4), {"p": 0, "t": 0}),
    ((6, 7), {"p": 0, "t": 0, "depth": 2, "mask_bias": -4.0}),
])  # fmt: skip
def test_residual_attention_equals_the_equations(size, options):
    module = randomized(residual(8, size, **options)).eval()
    x = torch.randn(2, 8, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    state = {key: value.detach().numpy() for key, value in module.state_dict().items()}
    counts = {"depth": 1, "p": 1, "t": 2, "r": 1, **options}
    for image in range(2):
        output, mask = expected(x[image].numpy(), state, counts["depth"], counts["p"], counts["t"], counts["r"])
        np.testing.assert_allclose(module(x)[image].detach().numpy(), output, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(module.weights(x)[image].detach().numpy(), mask, rtol=1e-9, atol=1e-9)
    assert 0.01 < mask.mean() < 0.99, "a mask of all zeros or ones would hide errors"


def test_a_mask_alone_with_a_negative_bias_starts_near_the_identity():
    torch.manual_seed(0)
    x = torch.randn(3, 64, 7, 7)
    # In training: before it, the running statistics say nothing yet.
    near, plain = (residual(64, (7, 7), p=0, t=0, **bias).train() for bias in ({"mask_bias": -4.0}, {}))
    assert near.weights(x).mean() < 0.1 < 0.4 < plain.weights(x).mean() < 0.6
    torch.testing.assert_close(near(x), x + near.weights(x) * x)


@pytest.mark.parametrize(("channels", "size", "depth", "reason"), [
    (30, (7, 7), 1, "30 channels can't be divided by 4"),
    (64, (1, 5), 1, "a map of 1 x 5 can't be halved 1 times"),
    (64, (4, 4), 3, "a map of 4 x 4 can't be halved 3 times"),
    (64, (5, 5), 3, None),
    (64, (1, 5), 0, "a map of 1 x 5 can't be halved 1 times"),
    (64, (2, 99), 0, None),
])  # fmt: skip
def test_skip_reasons_of_residual_attention(channels, size, depth, reason):
    assert mechanism_skip_reason("residual", channels, size, {"depth": depth}) == reason


@pytest.mark.parametrize(("side", "depth"), [
    (56, 3), (28, 2), (14, 1),  # the residual attention network
    (32, 2), (16, 1),  # ACNet
    (35, 2), (17, 1), (8, 1),  # Inception-v4 on images of 299 px
    (2, 1), (9, 1), (18, 1), (19, 2), (36, 2), (37, 3), (112, 4), (224, 5),
])  # fmt: skip
def test_depth_0_halves_until_at_most_9_pixels_are_left(side, depth):
    for size in ((side, side), (side, 300), (300, side)):
        module = residual(4, size, depth=0)
        assert (len(module.down), len(module.up), len(module.skip)) == (depth, depth, depth - 1)
        assert mechanism_skip_reason("residual", 4, size, {"depth": 0}) is None
    assert len(residual(4, (side, side), depth=1).down) == 1


@pytest.mark.parametrize("normalization", ["softmax", "sigmoid"])
@pytest.mark.parametrize("compatibility", ["pc", "dp"])
def test_compatibility_attention_equals_the_equations(compatibility, normalization):
    module = randomized(CompatibilityAttention(6, compatibility, normalization))
    generator = torch.Generator().manual_seed(0)
    local = torch.randn(2, 6, 3, 4, dtype=torch.float64, generator=generator)
    whole = torch.randn(2, 6, 1, 1, dtype=torch.float64, generator=generator)
    for b in range(2):
        g, scores = whole[b, :, 0, 0].numpy(), np.empty(12)
        pixels = local[b].numpy().reshape(6, 12).T
        for i, pixel in enumerate(pixels):
            u = None if module.score is None else module.score.weight.detach().numpy().reshape(6)
            scores[i] = pixel @ g if u is None else u @ (pixel + g)
        a = np.exp(scores) / np.exp(scores).sum() if normalization == "softmax" else 1 / (1 + np.exp(-scores)) / 12
        np.testing.assert_allclose(module(local, whole)[b].detach().numpy(), a @ pixels, rtol=1e-9)


def test_the_attention_of_vgg_att3_names_its_network():
    with pytest.raises(UserError, match="'vgg_att3' is part of the network medattn/vgg_att3"):
        mechanism_options("vgg_att3")


@pytest.mark.parametrize(("before", "after"), [((1, 1), (3, 2)), ((4, 7), (8, 14)), ((5, 3), (9, 6)), ((4, 4), (4, 4))])
def test_bilinear_is_that_of_pytorch_with_the_same_gradient(before, after):
    images = torch.rand(2, 3, *before, dtype=torch.float64, requires_grad=True)
    same = images.detach().clone().requires_grad_()
    resized = bilinear(images, after)
    expected = torch.nn.functional.interpolate(same, size=after, mode="bilinear", align_corners=True)
    assert torch.equal(resized, expected)
    weights = torch.rand_like(expected)
    (resized * weights).sum().backward()
    (expected * weights).sum().backward()
    torch.testing.assert_close(images.grad, same.grad, rtol=1e-6, atol=1e-6)
