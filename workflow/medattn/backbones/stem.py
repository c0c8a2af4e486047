"""The small stem: a 3x3 convolution of stride 1 and no pooling, for images of about 32 px.

The networks were designed for 224 px. Their first layers divide the side by four, which reduces a 28 px image to 7 px.
MedMNIST's ResNets and the usual CIFAR ResNets use the small stem; PPCR's Tables 2 and 6 publish its parameter count.
"""

from torch import nn

from medattn.config.networks.small_stems import no_small_stem, small_stem_paths
from medattn.errors import Skipped


def use_small_stem(network: nn.Module, model: str) -> None:
    """Replace the first convolution of `network` by one of 3x3 and stride 1, and remove the pooling after it.

    Raises:
        Skipped: no small stem is known for it.
    """
    paths = small_stem_paths(model)
    old = _at(network, paths[0]) if paths else None
    if paths is None or not isinstance(old, nn.Conv2d) or _at(network, paths[1]) is None:
        raise Skipped(no_small_stem(model))
    new = nn.Conv2d(old.in_channels, old.out_channels, kernel_size=3, padding=1, bias=old.bias is not None)
    # Like the other convolutions of these networks (He, fan out), and unlike torch's default.
    nn.init.kaiming_normal_(new.weight, mode="fan_out", nonlinearity="relu")
    if new.bias is not None:
        nn.init.zeros_(new.bias)
    _replace(network, paths[0], new)
    _replace(network, paths[1], nn.Identity())


def stem_path(model: str) -> str:
    """Return the path of the convolution that `use_small_stem` replaces in `model`."""
    paths = small_stem_paths(model)
    assert paths is not None, f"{model} has no small stem"
    return paths[0]


def _at(network: nn.Module, path: str) -> nn.Module | None:
    try:
        return network.get_submodule(path)
    except AttributeError:
        return None


def _replace(network: nn.Module, path: str, module: nn.Module) -> None:
    parent, _, last = path.rpartition(".")
    setattr(network.get_submodule(parent), last, module)
