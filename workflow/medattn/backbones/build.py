"""Building of networks from the backbones of a configuration."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from medattn.backbones.network import create_own_network
from medattn.backbones.stem import use_small_stem
from medattn.backbones.weights import read_weights
from medattn.config.models.paper import Backbone
from medattn.config.networks.catalog import network_options, weights_model
from medattn.errors import Skipped, UserError

_WITH_AUXILIARY_HEADS = ("torchvision/googlenet", "torchvision/inception_v3")


def build_backbone(backbone: Backbone, classes: int, data: Path, size: tuple[int, int] | None = None) -> nn.Module:
    """Build the network that maps B x 3 x H x W images to B x `classes` logits.

    It is initialized from torch's global generator. In training mode, a network with auxiliary heads returns a tuple of
    its logits and theirs.

    Args:
        backbone: model, options, stem and weights.
        classes: number of outputs of the last layer, which replaces the original one.
        data: folder that holds the ImageNet weights.
        size: height and width of the images in pixels; default: the backbone's `input_size`.

    Raises:
        UserError: ImageNet weights are missing or do not fit.
        Skipped: images of this size are too small for a network of this package.
    """
    if size is None and backbone.input_size is not None:
        size = (backbone.input_size, backbone.input_size)
    pretrained = backbone.weights == "imagenet"
    network = create_network(backbone.model, classes, backbone.options, size, pretrained)
    if pretrained:
        source = weights_model(backbone.model)
        if source is None:
            raise UserError(f"{backbone.model}: there are no ImageNet weights for it")
        _load(
            network,
            read_weights(source, data),
            new_parameters(dict(network.named_parameters()), backbone, classes, size),
            source,
        )
    if backbone.stem == "small":
        use_small_stem(network, backbone.model)
    if backbone.initialization == "torch":
        _reset(network)
    return network


def create_network(
    model: str,
    classes: int,
    options: Mapping[str, Any] | None = None,
    size: tuple[int, int] | None = None,
    pretrained: bool = False,
) -> nn.Module:
    """Create the randomly initialized network `model`.

    Args:
        model: "torchvision/<name>", "timm/<name>" or "medattn/<name>".
        classes: number of outputs.
        options: options of the network; defaults are filled in.
        size: height and width of the images in pixels; required by the networks of this package.
        pretrained: whether ImageNet weights will be loaded. torchvision's GoogLeNet and Inception-v3 were trained with
            another normalization and then transform their input.
    """
    library, _, name = model.partition("/")
    resolved = network_options(model, options or {}, model)
    if library == "medattn":
        assert size is not None, f"{model} needs the size of its images"
        return create_own_network(name, classes, size, resolved)
    if library == "torchvision":
        import torchvision

        arguments: dict[str, bool] = {}
        if model in _WITH_AUXILIARY_HEADS:
            arguments = {
                "aux_logits": resolved["auxiliary_heads"],
                "transform_input": pretrained,
                "init_weights": True,
            }
        network: nn.Module = torchvision.models.get_model(name, weights=None, num_classes=classes, **arguments)
    else:
        import timm

        network = timm.create_model(name, pretrained=False, num_classes=classes)
    return network


def new_parameters(
    named: Mapping[str, nn.Parameter], backbone: Backbone, classes: int, size: tuple[int, int] | None = None
) -> set[str]:
    """Return the names of the parameters that ImageNet weights do not fill, whether or not weights are loaded.

    These are the last layer, whose shape depends on the number of classes, and the heads that an option adds to it.

    Args:
        named: parameters by name of the network that `create_network` created for the backbone.
        backbone: model and options.
        classes: number of outputs of the network.
        size: height and width of the images in pixels.
    """
    options = {} if backbone.model in _WITH_AUXILIARY_HEADS else backbone.options
    with torch.device("meta"):
        other = create_network(backbone.model, classes + 1, options, size)
    shapes = {name: parameter.shape for name, parameter in other.named_parameters()}
    return {name for name, parameter in named.items() if shapes.get(name) != parameter.shape}


def check_images(network: nn.Module, model: str, size: tuple[int, int]) -> None:
    """Check, by a forward pass on the meta device, that `network` can be trained on images of this height and width.

    Raises:
        Skipped: it can't; the message has the error of the forward pass.
    """
    state = {name: value.to("meta") for name, value in (*network.named_parameters(), *network.named_buffers())}
    try:
        # Two images, because batch normalization can't train on one image if maps have shrunk to a pixel.
        with torch.no_grad():
            functional_call(network, state, (torch.empty(2, 3, *size, device="meta"),))
    except (RuntimeError, ValueError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise Skipped(f"{model} can't be trained on images of {size[0]} x {size[1]} px: {reason}") from error


def _reset(network: nn.Module) -> None:
    """Initialize every layer of torch in `network` again as torch does by default."""
    for module in network.modules():
        reset = getattr(module, "reset_parameters", None)
        if callable(reset):
            reset()


def _load(network: nn.Module, weights: dict[str, Tensor], new: set[str], source: str) -> None:
    """Load `weights` into `network`, except for the parameters `new` and the modules that hold them."""
    own = network.state_dict()
    fitting = {key: value for key, value in weights.items() if key in own and own[key].shape == value.shape}
    fitting = {key: value for key, value in fitting.items() if key not in new}
    new_modules = tuple(f"{name.rpartition('.')[0]}." for name in new)
    absent = sorted(key for key in own if key not in fitting and not key.startswith(new_modules))
    if absent:
        raise UserError(f"ImageNet weights of {source} do not fit the network: {', '.join(absent[:3])} differ")
    with torch.no_grad():
        network.load_state_dict(fitting, strict=False)
