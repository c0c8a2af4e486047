"""Every counting rule on networks small enough to count by hand."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from medattn.complexity.counters import OperationCounts, counting


def tally_of(network: nn.Module, *shape: int) -> OperationCounts:
    with torch.no_grad(), counting(network.eval()) as tally:
        network(torch.zeros(*shape))
    return tally


def counts(network: nn.Module, *shape: int) -> list[int]:
    tally = tally_of(network, *shape)
    return [tally.count(rule) for rule in ("macs", "C1", "C2", "C3")]


class Written(nn.Module):
    """A network of functional calls."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.free = nn.Parameter(torch.zeros(5))

    def forward(self, images: Tensor) -> Tensor:
        return self.function(images)


@pytest.mark.parametrize(
    ("layer", "shape", "macs", "c1"),
    [
        # 4 x 6 x 6 output elements of 3 x 3 x 3 products
        (nn.Conv2d(3, 4, 3, padding=1, bias=False), (1, 3, 6, 6), 144 * 27, 144 * 27),
        # C1 adds one for the bias
        (nn.Conv2d(3, 4, 3, padding=1), (1, 3, 6, 6), 144 * 27, 144 * 28),
        # two groups see half of the channels each; a stride of 2 leaves a quarter of the elements
        (nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2, bias=False), (1, 4, 8, 8), 96 * 18, 96 * 18),
        # neither counts the bias of a linear layer; of a batch of 2 with 5 tokens each token counts
        (nn.Linear(7, 3), (2, 5, 7), 210, 210),
        (nn.BatchNorm2d(3), (1, 3, 4, 4), 0, 96),
        (nn.AvgPool2d(2), (1, 3, 4, 4), 0, 12),
        (nn.MaxPool2d(2), (1, 3, 4, 4), 0, 0),
        (nn.LayerNorm([3, 4, 4]), (1, 3, 4, 4), 0, 0),
        (nn.Sigmoid(), (1, 3, 4, 4), 0, 0),
        (nn.Upsample(scale_factor=2, mode="bilinear"), (1, 3, 4, 4), 0, 0),
    ],
)
def test_layers(layer, shape, macs, c1):
    assert counts(layer, *shape) == [macs, c1, c1, c1]


@pytest.mark.parametrize(
    ("network", "pooled"),
    [
        # 3 outputs of 4 x 6 elements each, one division each
        (nn.AdaptiveAvgPool2d(1), 3 * 25),
        (Written(lambda x: x.mean((2, 3))), 3 * 25),
        (Written(lambda x: functional.adaptive_avg_pool2d(x, 1)), 3 * 25),
        # rows: 3 x 4 outputs of 6 elements
        (nn.AdaptiveAvgPool2d((None, 1)), 12 * 7),
        (Written(lambda x: x.mean(dim=3, keepdim=True)), 12 * 7),
        # 2 x 2 outputs of floor(4/2) floor(6/2) elements
        (nn.AdaptiveAvgPool2d(2), 12 * 7),
        # a mean over channels is no pool
        (Written(lambda x: x.mean(dim=1)), 0),
    ],
)
def test_spatial_means_are_pools_however_they_are_written(network, pooled):
    assert counts(network, 1, 3, 4, 6) == [0, pooled, pooled, 0]


def test_matrix_products_are_seen_by_macs_only():
    network = Written(lambda x: x.flatten(2).transpose(1, 2) @ x.flatten(2))
    assert counts(network, 2, 3, 4, 4) == [2 * 16 * 16 * 3, 0, 0, 0]


def test_functional_activations_are_seen_by_none():
    assert counts(Written(functional.relu), 1, 3, 4, 4) == [0, 0, 0, 0]


def test_c2_counts_a_shared_relu_once_with_its_last_call():
    class Block(nn.Module):
        def __init__(self, shared: bool):
            super().__init__()
            self.first = nn.ReLU()
            self.second = self.first if shared else nn.ReLU()

        def forward(self, images: Tensor) -> Tensor:
            return self.second(self.first(images)[:, :1])

    assert counts(Block(shared=True), 1, 3, 4, 4) == [0, 0, 16, 16]
    assert counts(Block(shared=False), 1, 3, 4, 4) == [0, 0, 64, 64]


def test_c3_is_c2_without_adaptive_pools():
    network = nn.Sequential(nn.Conv2d(3, 2, 1, bias=False), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
    assert counts(network, 1, 3, 4, 4) == [96, 96 + 34, 96 + 34 + 32, 96 + 32]


def test_c1_sees_parameters_of_the_modules_that_it_knows():
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.LayerNorm([4, 2, 2]), Written(torch.flatten), nn.Linear(2, 3)
    )
    with counting(network) as tally:
        pass
    assert tally.c1_parameters == 4 * 27 + 4 + 8 + 6 + 3  # not LayerNorm's 32, not the 5 held directly


def test_counting_leaves_no_hooks_behind():
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU())
    tally_of(network, 1, 3, 4, 4)
    assert not any(module._forward_hooks for module in network.modules())
