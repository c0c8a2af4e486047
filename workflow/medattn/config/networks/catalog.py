"""The networks that a backbone can name: their options, weights, smallest images and stems, without importing torch.

backbones/models.json lists the networks of torchvision and timm (`python -m medattn.backbones.names` writes it). The
networks of this package are classes in backbones/, registered by name; their options are the keyword-only arguments of
the constructor.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from medattn.closed_model import Closed
from medattn.config.constructor_options import method, options_model, registered_classes, summary_of
from medattn.config.models.dataset import DatasetEntry
from medattn.config.models.paper import Backbone
from medattn.config.validation import below, validated
from medattn.errors import UserError
from medattn.own_code import parsed
from medattn.suggestions import unknown_name

BACKBONES_FOLDER = Path(__file__).parents[2] / "backbones"


class AuxiliaryHeadOptions(Closed):
    """Options of torchvision's GoogLeNet and Inception-v3."""

    auxiliary_heads: bool = Field(
        False,
        description="also train the auxiliary classifiers: their cross entropy is added to the loss with weight 0.3. "
        "They "
        "are new layers without ImageNet weights and are not used in evaluation",
    )


LIBRARY_OPTIONS: dict[str, type[BaseModel]] = {
    "torchvision/googlenet": AuxiliaryHeadOptions,
    "torchvision/inception_v3": AuxiliaryHeadOptions,
}


@dataclass(frozen=True)
class OwnNetwork:
    """A network of this package.

    Attributes:
        file: source of the network.
        options: configuration model of its options.
    """

    file: Path
    options: type[BaseModel]


@cache
def own_networks() -> Mapping[str, OwnNetwork]:
    """Return the networks of this package by name, sorted.

    Raises:
        UserError: a file is invalid; the message gives file and line.
    """
    found = {}
    for file in BACKBONES_FOLDER.glob("*.py"):
        module = parsed(file.read_text(encoding="utf-8"), file)
        for name, definition in registered_classes(module).items():
            constructor = method("__init__", [definition])
            if constructor is None:
                raise UserError(f"{file}:{definition.lineno}: {definition.name} defines no constructor")
            options = options_model(f"{name}_options", definition, constructor, summary_of(module), file)
            found[name] = OwnNetwork(file, options)
    return dict(sorted(found.items()))


def own_network(name: str) -> OwnNetwork:
    """Return the network `name` of this package.

    Raises:
        UserError: the network does not exist; the message suggests the nearest.
    """
    if name not in own_networks():
        raise UserError(unknown_name("network of medattn", name, own_networks()))
    return own_networks()[name]


def check_model(model: str) -> None:
    """Check that a library has a model ("<library>/<name>").

    Raises:
        UserError: it does not; the message suggests the nearest name, or the nearest weights of a timm network
            ("<name>.<weights>").
    """
    library, _, name = model.partition("/")
    if library == "medattn":
        own_network(name)
        return
    known = _library_models()[library]
    base, _, tag = name.partition(".")
    if base not in known:
        raise UserError(unknown_name(f"network of {library}", base, known))
    if tag and (library != "timm" or tag not in known[base]):
        raise UserError(unknown_name(f"weights of {library}/{base}", tag, known[base] if library == "timm" else []))


def network_options(model: str, options: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the options of a network, defaults included.

    Args:
        model: "<library>/<name>".
        options: options as configured.
        where: file and path of the options.

    Raises:
        UserError: an option or its value is invalid.
    """
    library, _, name = model.partition("/")
    known = own_network(name).options if library == "medattn" else LIBRARY_OPTIONS.get(model)
    if known is None or not known.model_fields:
        if options:
            raise UserError(f"{where}: the network '{model}' has no options")
        return {}
    return validated(known, options, where).model_dump()


def weights_model(model: str) -> str | None:
    """Return the network whose ImageNet weights `model` can start from, or None if there are none."""
    library, _, name = model.partition("/")
    if library == "medattn":
        return None
    base, _, _ = name.partition(".")
    published = _library_models()[library].get(base, [])
    usable = "IMAGENET1K_V1" in published if library == "torchvision" else bool(published)
    return model if usable else None


def described(model: str, options: Mapping[str, Any]) -> str:
    """Return the name of a network for messages, with the options that change its smallest image size."""
    return f"{model} with auxiliary heads" if options.get("auxiliary_heads") else model


def smallest_size(model: str, options: Mapping[str, Any]) -> int | None:
    """Return the smallest height and width in pixels on which a network can be trained with its original stem.

    Returns:
        Pixels; None if unknown.
    """
    size: int | None = _known()["smallest_size"].get(described(model, options))
    return size


def check_backbone(model: str, options: Mapping[str, Any], weights: str, size: int | None, where: str) -> None:
    """Check that a network can be built.

    Args:
        model: "<library>/<name>".
        options: options of the network.
        weights: `none` or `imagenet`.
        size: height and width of its images; None if unknown or if the stem is replaced.
        where: file and path of the backbone.

    Raises:
        UserError: one line with the first error.
    """
    try:
        check_model(model)
    except UserError as error:
        raise UserError(f"{below(where, 'model')}: {error}") from error
    network_options(model, options, below(where, "options"))
    if weights == "imagenet" and weights_model(model) is None:
        raise UserError(f"{below(where, 'weights')}: there are no ImageNet weights for '{model}'; use 'none'")
    smallest = smallest_size(model, options)
    if size is not None and smallest is not None and size < smallest:
        raise UserError(
            f"{below(where, 'input_size')}: {size} px are too small for {described(model, options)}, "
            f"which needs at least {smallest} px"
        )


def image_size(backbone: Backbone, entry: DatasetEntry) -> tuple[int, int]:
    """Return the (H, W) in pixels of the images that a network gets from a data set."""
    size = backbone.input_size or entry.source.shape[0]
    return size, size


def _library_models() -> Mapping[str, Mapping[str, list[str]]]:
    models: Mapping[str, Mapping[str, list[str]]] = _known()["models"]
    return models


@cache
def _known() -> Mapping[str, Any]:
    known: Mapping[str, Any] = json.loads((BACKBONES_FOLDER / "models.json").read_text(encoding="utf-8"))
    return known
