"""The list of torchvision's and timm's networks that planning reads, backbones/models.json.

`python -m medattn.backbones.names` writes it anew; a test keeps it in step with the libraries of the lock file.
"""

import json
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import nn

from medattn.backbones.build import create_network
from medattn.config.networks import own_networks
from medattn.errors import UserError

FILE = Path(__file__).with_name("models.json")

# Networks of the papers, whose smallest image is worth knowing before a run starts.
MEASURED = (
    "torchvision/vgg16",
    "torchvision/googlenet",
    "torchvision/resnet50",
    "torchvision/resnet101",
    "torchvision/resnet152",
    "torchvision/densenet161",
    "torchvision/inception_v3",
    "timm/resnet18",
    "timm/resnet50",
    "timm/inception_v3",
    "timm/inception_v4",
    *(f"medattn/{name}" for name in own_networks()),
)


def library_models() -> dict[str, dict[str, list[str]]]:
    """Return the names of all classification networks of torchvision and timm, each with its published weights."""
    import timm
    import torchvision

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pretrained: dict[str, list[str]] = {}
        for entry in timm.list_pretrained():
            name, _, tag = entry.partition(".")
            pretrained.setdefault(name, []).append(tag)
        return {
            "torchvision": {
                name: sorted({weights.name for weights in torchvision.models.get_model_weights(name)})
                for name in torchvision.models.list_models(module=torchvision.models)
            },
            "timm": {name: sorted(filter(None, pretrained.get(name, []))) for name in sorted(timm.list_models())},
        }


def accepts(model: str, size: int) -> bool:
    """Return whether `model` takes images of `size` x `size` pixels: it is built and run on the meta device."""
    try:
        with torch.device("meta"), torch.no_grad():
            network: nn.Module = create_network(model, 2, size=(size, size)).eval()
            network(torch.empty(1, 3, size, size))
    except (RuntimeError, ValueError, UserError):
        return False
    return True


def smallest_size(model: str) -> int:
    """Return the smallest height and width that `model` takes, found by bisection up to 512 px."""
    least, most = 1, 512
    while least < most:
        middle = (least + most) // 2
        least, most = (least, middle) if accepts(model, middle) else (middle + 1, most)
    return least


def text() -> str:
    """Return the text of models.json."""
    known: dict[str, Any] = {
        "models": library_models(),
        "smallest_size": {model: smallest_size(model) for model in MEASURED},
    }
    # A line per network, so that a new version of a library is a readable change.
    lines = [
        f'  "{library}": {{\n'
        + ",\n".join(f"   {json.dumps(name)}: {json.dumps(weights)}" for name, weights in models.items())
        + "\n  }"
        for library, models in known["models"].items()
    ]
    sizes = [f"  {json.dumps(model)}: {size}" for model, size in known["smallest_size"].items()]
    return '{\n "models": {\n' + ",\n".join(lines) + '\n },\n "smallest_size": {\n' + ",\n".join(sizes) + "\n }\n}\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
