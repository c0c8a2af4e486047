"""Consequences of PPCR's equations for all data, as stated in the mechanism's docstring."""

import pytest
import torch
from torch.nn import functional

from medattn.attention.ppcr import PyramidPixelContextRecalibration as Ppcr

SIZE = (5, 6)


def features(channels=16, batch=3) -> torch.Tensor:
    return torch.randn(batch, channels, *SIZE, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def ppcr(**options) -> Ppcr:
    return Ppcr(16, SIZE, **options).double()


def randomized(module: Ppcr) -> Ppcr:
    torch.nn.init.normal_(module.weight, generator=torch.Generator().manual_seed(1))
    return module


@pytest.mark.parametrize("scales", [2, 3, 4])
def test_normalized_maps_sum_to_0_and_the_first_is_0(scales):
    module = ppcr(scales=scales)
    normalized = module.normalize(module.context(features()))
    assert normalized.shape == (3, 2**scales - 1, *SIZE)
    assert normalized.sum(1).abs().max() < 1e-12
    assert normalized[:, 0].abs().max() < 1e-12
    assert normalized.abs().max() > 1


@pytest.mark.parametrize("weight_shape", ["position", "shared"])
def test_w_of_0_and_of_1_are_the_same_model_with_the_same_gradients(weight_shape):
    modules = [ppcr(initial_weight=value, weight_shape=weight_shape) for value in (0.0, 1.0)]
    optimizers = [torch.optim.SGD(module.parameters(), lr=0.5, momentum=0.9) for module in modules]
    x, target = features(), features().roll(1, 0)
    for _ in range(20):
        outputs = []
        for module, optimizer in zip(modules, optimizers, strict=True):
            optimizer.zero_grad()
            outputs.append(module(x))
            functional.mse_loss(outputs[-1], target).backward()
        torch.testing.assert_close(outputs[0], outputs[1], rtol=0, atol=1e-12)
        torch.testing.assert_close(modules[0].weight.grad, modules[1].weight.grad, rtol=0, atol=1e-12)
        for optimizer in optimizers:
            optimizer.step()
    assert modules[0].weight.abs().max() > 0.01, "they must have learned something"


def test_a_constant_added_over_the_maps_changes_nothing():
    module, x = randomized(ppcr()), features()
    before = module(x)
    with torch.no_grad():
        module.weight += torch.randn(1, *SIZE, dtype=torch.float64)
    torch.testing.assert_close(module(x), before, rtol=0, atol=1e-12)


def test_the_weight_of_the_coarsest_map_gets_no_gradient():
    module = randomized(ppcr())
    module(features()).pow(2).sum().backward()
    gradient = module.weight.grad.abs().amax((1, 2))
    assert gradient[0] < 1e-10
    assert gradient[1:].min() > 1e-3


def test_three_scales_have_rank_4():
    maps = ppcr().context(features()).movedim(1, 0).flatten(1)
    assert maps.shape[0] == 7
    assert torch.linalg.matrix_rank(maps, rtol=1e-10) == 4


def test_one_scale_is_a_constant_gate_of_one_half():
    module, x = randomized(ppcr(scales=1)), features()
    torch.testing.assert_close(module(x), x / 2, rtol=0, atol=0)
    module(x).sum().backward()
    assert module.weight.grad.abs().max() == 0


def test_two_scales_are_the_sign_of_the_difference_of_two_halves():
    module = randomized(ppcr(scales=2, eps=1e-12))
    x = features().requires_grad_()
    normalized = module.normalize(module.context(x))
    sign = (x[:, :8].mean(1) - x[:, 8:].mean(1)).sign()
    expected = torch.stack([0 * sign, sign, -sign], dim=1) * 1.5**0.5
    torch.testing.assert_close(normalized, expected, rtol=0, atol=1e-6)
    (gradient,) = torch.autograd.grad(module.weights(x).sum(), x)
    assert gradient.abs().max() < 1e-6


@pytest.mark.parametrize("initial_weight", [0.0, 1.0, -2.5])
@pytest.mark.parametrize("weight_shape", ["position", "shared"])
def test_any_constant_start_halves_the_features(initial_weight, weight_shape):
    module = ppcr(initial_weight=initial_weight, weight_shape=weight_shape)
    torch.testing.assert_close(module(features()), features() / 2, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("normalization", "more"), [
    ("pixel", 0), ("none", 0), ("instance", 0), ("batch", 2 * 7), ("layer", 2 * 7 * 30),
])  # fmt: skip
@pytest.mark.parametrize(("weight_shape", "weights"), [("position", 7 * 30), ("shared", 7)])
def test_parameters(normalization, more, weight_shape, weights):
    module = ppcr(normalization=normalization, weight_shape=weight_shape)
    assert sum(p.numel() for p in module.parameters()) == weights + more


@pytest.mark.parametrize(("normalization", "axes"), [("batch", (0, 2, 3)), ("instance", (2, 3)), ("layer", (1, 2, 3))])
def test_alternatives_normalize_over_other_axes(normalization, axes):
    module = randomized(ppcr(normalization=normalization))
    maps = module.context(features())
    variance, mean = torch.var_mean(maps, axes, correction=0, keepdim=True)
    expected = ((maps - mean) / (variance + 1e-5).sqrt() * module.weight).sum(1, keepdim=True).sigmoid()
    torch.testing.assert_close(module.weights(features()), expected)


def test_without_normalization_the_means_are_weighted():
    module = randomized(ppcr(normalization="none"))
    expected = (module.context(features()) * module.weight).sum(1, keepdim=True).sigmoid()
    torch.testing.assert_close(module.weights(features()), expected)
