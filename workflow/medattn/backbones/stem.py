"""The small stem: a 3x3 convolution of stride 1 and no pooling, for images of about 32 px.

The networks were drawn for 224 px; their first layers divide the side by four, which leaves almost nothing of a 28
px image. MedMNIST's and the usual CIFAR ResNets use the stem made here; PPCR's Tables 2 and 6 print its parameter
count.
"""

from torch import nn

from medattn.errors import UserError

# family -> (path of the first convolution, path of the pooling that follows it)
_STEMS: dict[str, tuple[str, str]] = {
    "resnet": ("conv1", "maxpool"),
    "resnext": ("conv1", "maxpool"),
    "wide_resnet": ("conv1", "maxpool"),
    "densenet": ("features.conv0", "features.pool0"),
    "googlenet": ("conv1.conv", "maxpool1"),
    "shufflenet": ("conv1.0", "maxpool"),
}


def use_small_stem(network: nn.Module, model: str) -> None:
    """Replace the first convolution of `network` by one of 3x3 and stride 1, and drop the pooling behind it.

    Raises:
        UserError: no small stem is known for this family of networks.
    """
    paths = _paths(model)
    old = _at(network, paths[0]) if paths else None
    if paths is None or not isinstance(old, nn.Conv2d) or _at(network, paths[1]) is None:
        raise UserError(f"{model}: no small stem is known for it; use 'stem: imagenet', or one of {', '.join(_STEMS)}")
    new = nn.Conv2d(old.in_channels, old.out_channels, kernel_size=3, padding=1, bias=old.bias is not None)
    # As the networks initialise their own convolutions (He, fan out); torch's default is another distribution.
    nn.init.kaiming_normal_(new.weight, mode="fan_out", nonlinearity="relu")
    if new.bias is not None:
        nn.init.zeros_(new.bias)
    _replace(network, paths[0], new)
    _replace(network, paths[1], nn.Identity())


def stem_path(model: str) -> str:
    """Return the path of the convolution that `use_small_stem` replaces in `model`."""
    paths = _paths(model)
    assert paths is not None, f"{model} has no small stem"
    return paths[0]


def _paths(model: str) -> tuple[str, str] | None:
    name = model.rpartition("/")[2]
    return next((paths for family, paths in _STEMS.items() if name.startswith(family)), None)


def _at(network: nn.Module, path: str) -> nn.Module | None:
    try:
        return network.get_submodule(path)
    except AttributeError:
        return None


def _replace(network: nn.Module, path: str, module: nn.Module) -> None:
    parent, _, last = path.rpartition(".")
    setattr(network.get_submodule(parent), last, module)
