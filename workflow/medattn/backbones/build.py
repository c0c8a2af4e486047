"""From a backbone of the configuration to a network for so many classes."""

from pathlib import Path

import torch
from torch import Tensor, nn

from medattn.backbones.stem import use_small_stem
from medattn.backbones.weights import read_weights
from medattn.config.paper import Backbone
from medattn.errors import UserError

# These return a tuple in training mode unless told not to; auxiliary heads are no part of the papers' classifiers.
_WITHOUT_AUXILIARY_HEADS: dict[str, dict[str, bool]] = {
    "googlenet": {"aux_logits": False, "init_weights": True},
    "inception_v3": {"aux_logits": False, "init_weights": True},
}


def build_backbone(backbone: Backbone, classes: int, data: Path) -> nn.Module:
    """Return the network that maps B x 3 x H x W images to B x `classes` logits.

    It is initialised from torch's global generator.

    Args:
        backbone: model, stem and weights.
        classes: outputs of the last layer, which replaces the original one.
        data: folder under which ImageNet weights lie.

    Raises:
        UserError: ImageNet weights are asked for and not there, or do not fit.
    """
    network = create_network(backbone.model, classes)
    if backbone.weights == "imagenet":
        _load_except_head(network, read_weights(backbone.model, data), backbone.model)
    if backbone.stem == "small":
        use_small_stem(network, backbone.model)
    return network


def create_network(model: str, classes: int) -> nn.Module:
    """Return the randomly initialised network `model` ("torchvision/<name>" or "timm/<name>") for so many classes."""
    library, _, name = model.partition("/")
    if library == "torchvision":
        import torchvision

        options = _WITHOUT_AUXILIARY_HEADS.get(name, {})
        network: nn.Module = torchvision.models.get_model(name, weights=None, num_classes=classes, **options)
    else:
        import timm

        network = timm.create_model(name, pretrained=False, num_classes=classes)
    return network


def _load_except_head(network: nn.Module, weights: dict[str, Tensor], model: str) -> None:
    """Load `weights`, leaving out the last layer, whose shape depends on the classes."""
    own = network.state_dict()
    fitting = {k: v for k, v in weights.items() if k in own and own[k].shape == v.shape}
    absent = [key for key in own if key not in fitting]
    modules = {key.rpartition(".")[0] for key in absent}
    heads = {m for m in modules if isinstance(network.get_submodule(m), nn.Linear | nn.Conv2d)}
    if len(modules) > 1 or modules != heads:
        raise UserError(f"ImageNet weights of {model} do not fit the network: {', '.join(sorted(absent)[:3])} differ")
    with torch.no_grad():
        network.load_state_dict(fitting, strict=False)
