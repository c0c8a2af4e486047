"""The networks that a backbone can name, their options and weights, known without importing torch.

torchvision's and timm's names stand in backbones/models.json (written by `python -m medattn.backbones.names`); our own
networks are classes in backbones/, registered by name, whose options are the keyword-only arguments of the constructor.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from medattn.closed_model import Closed
from medattn.config.signatures import method, options_model, parsed, registered_classes, summary_of
from medattn.config.validation import below, validated
from medattn.errors import UserError
from medattn.suggestions import unknown_name

BACKBONES_FOLDER = Path(__file__).parents[2] / "backbones"


class AuxiliaryHeadOptions(Closed):
    """Options of torchvision's GoogLeNet and Inception-v3."""

    auxiliary_heads: bool = Field(
        False,
        description="train the classifiers beside the main path, too: their cross entropy joins the loss with the "
        "weight 0.3; they are new layers without ImageNet weights and are not used in evaluation",
    )


LIBRARY_OPTIONS: dict[str, type[BaseModel]] = {
    "torchvision/googlenet": AuxiliaryHeadOptions,
    "torchvision/inception_v3": AuxiliaryHeadOptions,
}


@dataclass(frozen=True)
class OwnNetwork:
    """A network in backbones/.

    Attributes:
        file: where it stands.
        options: model of its options.
    """

    file: Path
    options: type[BaseModel]


@cache
def own_networks() -> Mapping[str, OwnNetwork]:
    """Return our own networks by name, sorted.

    Raises:
        UserError: a file can't be read as that of a network; names file and line.
    """
    found = {}
    for file in BACKBONES_FOLDER.glob("*.py"):
        module = parsed(file.read_text(encoding="utf-8"), file)
        for name, definition in registered_classes(module).items():
            constructor = method("__init__", [definition])
            if constructor is None:
                raise UserError(f"{file}:{definition.lineno}: {definition.name} has no constructor of its own")
            options = options_model(f"{name}_options", definition, constructor, summary_of(module), file)
            found[name] = OwnNetwork(file, options)
    return dict(sorted(found.items()))


def own_network(name: str) -> OwnNetwork:
    """Return our own network `name`.

    Raises:
        UserError: there is no such network; names the nearest.
    """
    if name not in own_networks():
        raise UserError(unknown_name("network of medattn", name, own_networks()))
    return own_networks()[name]


def check_model(model: str) -> None:
    """Refuse a model ("<library>/<name>") that its library doesn't have.

    Raises:
        UserError: one line with the nearest name, or with the nearest weights of a timm network ("<name>.<weights>").
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
    """Return the full options (defaults filled in) of a network.

    Args:
        model: "<library>/<name>".
        options: the options that are given.
        where: the file, and the path in it, where they stand.

    Raises:
        UserError: an option or its value is wrong.
    """
    library, _, name = model.partition("/")
    known = own_network(name).options if library == "medattn" else LIBRARY_OPTIONS.get(model)
    if known is None or not known.model_fields:
        if options:
            raise UserError(f"{where}: the network '{model}' has no options")
        return {}
    return validated(known, options, where).model_dump()


def weights_model(model: str) -> str | None:
    """Return the library's network whose ImageNet weights `model` starts from, None where none are published."""
    library, _, name = model.partition("/")
    if library == "medattn":
        return None
    base, _, _ = name.partition(".")
    published = _library_models()[library].get(base, [])
    usable = "IMAGENET1K_V1" in published if library == "torchvision" else bool(published)
    return model if usable else None


def described(model: str, options: Mapping[str, Any]) -> str:
    """Return a network in words, with the options that decide which images it can be trained on."""
    return f"{model} with auxiliary heads" if options.get("auxiliary_heads") else model


def smallest_size(model: str, options: Mapping[str, Any]) -> int | None:
    """Return the smallest height and width in pixels that a network with its own stem can be trained on.

    None if it is not known.
    """
    size: int | None = _known()["smallest_size"].get(described(model, options))
    return size


def check_backbone(model: str, options: Mapping[str, Any], weights: str, size: int | None, where: str) -> None:
    """Refuse a network that can't be built.

    Args:
        model: "<library>/<name>".
        options: its options.
        weights: `none` or `imagenet`.
        size: height and width of its images, None where not known or where its stem is another one.
        where: the file, and the path in it, where the backbone stands.

    Raises:
        UserError: one line for the first thing that is wrong.
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


def _library_models() -> Mapping[str, Mapping[str, list[str]]]:
    models: Mapping[str, Mapping[str, list[str]]] = _known()["models"]
    return models


@cache
def _known() -> Mapping[str, Any]:
    known: Mapping[str, Any] = json.loads((BACKBONES_FOLDER / "models.json").read_text(encoding="utf-8"))
    return known
