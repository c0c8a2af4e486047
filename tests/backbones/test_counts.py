"""Every network of the papers has as many parameters as was published, or as its specification says."""

import pytest
import torch

from medattn.backbones.build import create_network

COUNTS = [
    ("torchvision/vgg16", {}, 224, 5, 134_281_029),
    ("torchvision/vgg16", {}, 128, 2, 134_268_738),
    ("torchvision/googlenet", {}, 224, 5, 5_605_029),
    ("torchvision/resnet152", {}, 224, 5, 58_154_053),
    ("torchvision/densenet161", {}, 224, 5, 26_483_045),
    ("torchvision/resnet50", {}, 128, 2, 23_512_130),
    ("torchvision/resnet101", {}, 128, 2, 42_504_258),
    ("torchvision/inception_v3", {"auxiliary_heads": True}, 299, 4, 24_354_536),
    ("timm/inception_v3", {}, 299, 4, 21_793_764),
    ("timm/inception_v4", {}, 299, 4, 41_148_964),
    ("medattn/vgg_att3", {}, 224, 5, 32_430_661),
    ("medattn/vgg_att3", {"compatibility": "dp"}, 224, 5, 32_429_125),
    ("medattn/vgg_att3", {}, 224, 3, 32_427_587),
    ("medattn/vgg_att3", {}, 224, 6, 32_432_198),
    ("medattn/vgg_att3", {}, 32, 100, 19_993_764),
    ("medattn/resattnet92", {}, 224, 1000, 52_466_344),
    ("medattn/resattnet92", {}, 224, 5, 50_427_589),
    ("medattn/resattnet92", {}, 28, 3, 50_423_491),
    ("medattn/resattnet92", {}, 128, 2, 50_421_442),
    ("medattn/resattnet56", {}, 128, 2, 29_765_826),
    ("medattn/acnet", {}, 128, 2, 2_165_090),
    # The specification counts these two for one channel; three have 32 x 9 x 2 weights more.
    ("medattn/acnet", {"halve": False}, 128, 2, 1_708_194 + 576),
    ("medattn/acnet", {"depth": 3}, 128, 2, 2_429_090 + 576),
]


def on_meta(model: str, classes: int, size: int, **options) -> torch.nn.Module:
    with torch.device("meta"):
        return create_network(model, classes, options, (size, size))


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(("model", "options", "size", "classes", "expected"), COUNTS)
def test_parameters(model, options, size, classes, expected):
    assert count(on_meta(model, classes, size, **options)) == expected
