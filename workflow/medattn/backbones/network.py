"""Registry of the networks in this folder, `medattn/<name>` in a configuration."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, TypeVar

from torch import nn

from medattn.config.networks.catalog import own_network

N = TypeVar("N", bound=type[nn.Module])
_REGISTRY: dict[str, type[nn.Module]] = {}


def register(name: str) -> Callable[[N], N]:
    """Register the decorated class as the network `medattn/<name>`.

    Its constructor takes the number of classes, the height and width of its images in pixels and, by keyword, its
    options, annotated with bounds and meaning. The network maps B x 3 x H x W images to B x `classes` logits.
    """

    def registered(network: N) -> N:
        _REGISTRY[name] = network
        return network

    return registered


def create_own_network(name: str, classes: int, size: tuple[int, int], options: Mapping[str, Any]) -> nn.Module:
    """Create the randomly initialized network `medattn/<name>`.

    Args:
        name: name of the network.
        classes: number of outputs.
        size: height and width of the images in pixels.
        options: options of the network.

    Raises:
        UserError: there is no such network, or the options are invalid.
    """
    import_module(f"medattn.backbones.{own_network(name).file.stem}")
    return _REGISTRY[name](classes, size, **options)
