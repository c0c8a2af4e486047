"""Generator of backbones/models.json, the list of torchvision's and timm's networks that planning reads.

Run `python -m medattn.backbones.names` to update it. A test compares it with the libraries of the lock file.
"""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from medattn.backbones.build import check_images, create_network
from medattn.config.networks.catalog import described, own_networks
from medattn.errors import Skipped

FILE = Path(__file__).with_name("models.json")

# Networks of the papers. The plan skips cells whose images are smaller than the smallest size of their network.
_MODELS = (
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
_HEADS = {"auxiliary_heads": True}
MEASURED: tuple[tuple[str, dict[str, Any]], ...] = (
    *((model, {}) for model in _MODELS),
    *((model, _HEADS) for model in ("torchvision/googlenet", "torchvision/inception_v3")),
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


def accepts(model: str, options: Mapping[str, Any], size: int) -> bool:
    """Return whether `model` can be trained on images of `size` x `size` pixels."""
    try:
        with torch.device("meta"):
            network = create_network(model, 2, options, (size, size))
        check_images(network, model, (size, size))
    except Skipped:
        return False
    return True


def smallest_size(model: str, options: Mapping[str, Any]) -> int:
    """Return the smallest height and width that `model` can be trained on, found by bisection up to 512 px."""
    least, most = 1, 512
    while least < most:
        middle = (least + most) // 2
        least, most = (least, middle) if accepts(model, options, middle) else (middle + 1, most)
    return least


def text() -> str:
    """Return the text of models.json."""
    known: dict[str, Any] = {
        "models": library_models(),
        "smallest_size": {described(*entry): smallest_size(*entry) for entry in MEASURED},
    }
    # One line per network keeps diffs between versions of a library readable.
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
