"""ImageNet weights: fetched before training and stored as safetensors with their hash and origin.

Training reads local files only and never uses the network.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor

from medattn.backbones.published_weights import note_first_download, read_published, verify_published
from medattn.errors import UserError
from medattn.files import atomic_write, read_json, sha256_of_file, write_json
from medattn.layout import weights_file

Download = Callable[[str, Path], None]
FIRST_SEEN = "weights-first-seen.json"
"""Name of the file, in the folder of data, with the hashes of first downloads."""


@dataclass(frozen=True)
class WeightsOrigin:
    """Origin of the weights of a model.

    Attributes:
        name: the library's name for these weights, such as IMAGENET1K_V1.
        url: address of the file.
    """

    name: str
    url: str


def read_weights(model: str, data: Path) -> dict[str, Tensor]:
    """Read the fetched weights of `model`.

    Raises:
        UserError: they were not fetched, or the file has changed since.
    """
    path = weights_file(data, model)
    if not path.exists():
        raise UserError(f"{path}: the ImageNet weights of {model} are missing; run `medattn fetch --weights {model}`")
    if sha256_of_file(path) != read_json(path.with_suffix(".json"))["sha256"]:
        raise UserError(f"{path}: not the file that was fetched (SHA-256 differs); delete it and fetch it again")
    return load_file(path)


def weights_sha256(model: str, data: Path) -> str:
    """Return the recorded SHA-256 of the fetched weights of `model`."""
    return str(read_json(weights_file(data, model).with_suffix(".json"))["sha256"])


def weights_origin(model: str) -> WeightsOrigin:
    """Return the origin of the weights of `model`: torchvision's first ImageNet weights, timm's default ones.

    Raises:
        UserError: the library publishes no weights for it.
    """
    library, _, name = model.partition("/")
    if library == "torchvision":
        import torchvision

        weights = torchvision.models.get_model_weights(name)
        if "IMAGENET1K_V1" in weights.__members__:
            return WeightsOrigin("IMAGENET1K_V1", weights["IMAGENET1K_V1"].url)
    else:
        import timm

        published = timm.get_pretrained_cfg(name, allow_unregistered=True)
        if published is not None and published.hf_hub_id:
            file = published.hf_hub_filename or "model.safetensors"
            return WeightsOrigin(
                published.tag or "default",
                f"https://huggingface.co/{published.hf_hub_id}/resolve/main/{file}",
            )
        if published is not None and isinstance(published.url, str):
            return WeightsOrigin(published.tag or "default", published.url)
    raise UserError(f"{model}: {library} publishes no ImageNet weights for it")


def fetch_weights(model: str, data: Path, download: Download) -> Path:
    """Fetch the weights of `model` unless they are there, and store them as safetensors with their hash and origin.

    Args:
        model: "torchvision/<name>" or "timm/<name>".
        data: folder that holds the weights.
        download: called with URL and target; raises UserError on failure.

    Raises:
        UserError: the library publishes no weights, the download failed, the file is not the known one or that of the
            first download, or it does not hold the weights.
    """
    path = weights_file(data, model)
    if path.exists() and path.with_suffix(".json").exists():
        return path
    origin = weights_origin(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        original = Path(scratch) / origin.url.rpartition("/")[2]
        download(origin.url, original)
        published_sha256 = sha256_of_file(original)
        verify_published(origin.url, original, published_sha256, data / FIRST_SEEN)
        state = read_published(model, original)
        note_first_download(origin.url, published_sha256, data / FIRST_SEEN)
        atomic_write(path, lambda aside: save_file({k: v.contiguous() for k, v in state.items()}, aside))
    write_json(
        path.with_suffix(".json"),
        {
            "model": model,
            "weights": origin.name,
            "url": origin.url,
            "published_sha256": published_sha256,
            "sha256": sha256_of_file(path),
        },
    )
    return path
