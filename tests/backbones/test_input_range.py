"""Every pretrained network of the papers sees images in the range that its ImageNet weights were trained with."""

from pathlib import Path
from typing import Any

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

from medattn.backbones.build import create_network
from medattn.config.load import resolve
from medattn.config.models.paper import Backbone
from medattn.config.models.recipe import Recipe
from medattn.plan.expand import make_plan
from medattn.training.images import ResidentImages, normalization_for

ROOT = Path(__file__).parents[2]
# Their weights come from TensorFlow's networks, which see -1 to 1.
CONVERTING = {"torchvision/googlenet", "torchvision/inception_v3"}


def pretrained() -> list[tuple[str, Backbone, Recipe]]:
    found: dict[str, tuple[str, Backbone, Recipe]] = {}
    raw = {"selection": "test", "papers": {"gsa": {}, "oct": {}}, "seeds": [0]}
    for cell in make_plan(resolve(raw, ROOT, "test"), as_if_available=True).cells.values():
        backbone = cell.settings.backbone
        if backbone is not None and backbone.weights == "imagenet":
            name = f"{cell.paper}-{cell.backbone}"
            found[name] = (name, backbone, cell.settings.recipe)
    return list(found.values())


def trained_with(model: str) -> tuple[Tensor, Tensor]:
    """Return mean and deviation per channel with which the weights of a network were trained."""
    library, _, name = model.partition("/")
    if model in CONVERTING:
        return torch.full((3,), 0.5), torch.full((3,), 0.5)
    facts: Any
    if library == "timm":
        facts = timm.get_pretrained_cfg(name)
    else:
        facts = torchvision.models.get_model_weights(name).IMAGENET1K_V1.transforms()
    return torch.tensor(facts.mean), torch.tensor(facts.std)


@pytest.mark.parametrize(
    ("name", "backbone", "recipe"), pretrained(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_first_convolution_sees_the_range_of_its_weights(name, backbone, recipe):
    size = 75
    pixels = torch.cat([torch.zeros(1, 3, size, size), torch.full((1, 3, size, size), 255)]).to(torch.uint8)
    images = ResidentImages(pixels, torch.tensor([0, 1]), None, torch.device("cpu"))
    normalized = normalization_for(recipe, images, torch.tensor([0, 1]))(images.taken(torch.tensor([0, 1])))
    network = create_network(backbone.model, 4, backbone.options, (size, size), pretrained=True).eval()
    seen: list[Tensor] = []
    first = next(module for module in network.modules() if isinstance(module, nn.Conv2d))
    first.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        network(normalized)
    mean, deviation = trained_with(backbone.model)
    for value, image in zip((0.0, 1.0), seen[0], strict=True):
        torch.testing.assert_close(image[:, 0, 0], (value - mean) / deviation, atol=1e-5, rtol=1e-5)


def test_four_networks_of_gsa_and_two_of_oct_are_pretrained():
    assert sorted(name for name, _, _ in pretrained()) == [
        *("gsa-densenet161", "gsa-googlenet", "gsa-resnet152", "gsa-vgg16"),
        *("oct-inception_v3", "oct-inception_v4"),
    ]
