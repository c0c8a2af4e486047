"""Files of ImageNet weights as libraries publish them: verified, and read without running anything in them."""

import json
import logging
import pickle
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from medattn.errors import UserError
from medattn.files import read_json, write_json

log = logging.getLogger(__name__)

_KNOWN = Path(__file__).with_name("weights_sha256.json")
# Training checkpoints hold the weights under one of these keys; averaged weights come first, as in timm.
_STATE_KEYS = ("state_dict_ema", "model_ema", "state_dict", "model")
# torchvision has renamed the layers of DenseNets since their weights were published.
_OLD_DENSENET_KEY = re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)$")
_AUXILIARY = {"torchvision/googlenet": ("aux1.", "aux2.")}
"""Heads in the published file that are not part of the network by default."""


def verify_published(url: str, file: Path, sha256: str, first_seen: Path) -> None:
    """Verify a downloaded file by its SHA-256: the known one, or the one of the first download.

    Args:
        url: address of the file.
        file: the download.
        sha256: its SHA-256.
        first_seen: file with the hashes of first downloads, where no hash is known. Deleting it, or the line of an
            address in it, trusts the next download.

    Raises:
        UserError: the file has another hash, or not the digits that its name claims.
    """
    name = url.rpartition("/")[2]
    claimed = Path(name).stem.rpartition("-")[2]
    if Path(name).suffix == ".pth" and re.fullmatch(r"[0-9a-f]{8,64}", claimed) and not sha256.startswith(claimed):
        raise UserError(
            f"{file.name}: the download is damaged (SHA-256 {sha256[:8]}..., its name says {claimed}); try again"
        )
    if (known := _known_hashes().get(name)) is not None:
        if sha256 != known:
            raise UserError(f"{url}: not the file that is known by this name (SHA-256 {sha256}, known: {known})")
        return
    seen = read_json(first_seen) if first_seen.exists() else {}
    if seen.get(url, sha256) != sha256:
        raise UserError(
            f"{url}: not the file of the first download (SHA-256 {sha256}, then {seen[url]}); if the publisher has "
            f"replaced it, remove its line from {first_seen}"
        )


def note_first_download(url: str, sha256: str, first_seen: Path) -> None:
    """Note the hash of a file of which no hash is known, so that every later download must have it.

    Args:
        url: address of the file.
        sha256: its SHA-256.
        first_seen: file with the hashes of first downloads.
    """
    seen = read_json(first_seen) if first_seen.exists() else {}
    if url.rpartition("/")[2] in _known_hashes() or url in seen:
        return
    log.warning("%s: no full hash is known; SHA-256 %s is noted in %s and expected again", url, sha256, first_seen)
    write_json(first_seen, {**seen, url: sha256})


def read_published(model: str, file: Path) -> dict[str, Tensor]:
    """Read a verified file and return the weights of `model` by the names of its library.

    Raises:
        UserError: the file holds something other than tensors and plain values, or not the weights of this network.
    """
    library, _, name = model.partition("/")
    try:
        if library == "torchvision":
            network = _filled_torchvision(model, name, _state_of(file))
        else:
            import timm

            overlay: dict[str, Any] = {"file": str(file)}  # arrays of NumPy, which timm reads without pickles
            if file.suffix != ".npz":
                overlay = {"state_dict": _state_of(file)}
            network = timm.create_model(name, pretrained=True, pretrained_cfg_overlay=overlay)
    except pickle.UnpicklingError as error:
        raise UserError(f"{file.name}: holds other objects than tensors, which are never loaded") from error
    except (RuntimeError, OSError, ValueError, KeyError, EOFError, TypeError, AttributeError, SafetensorError) as error:
        raise UserError(f"{file.name}: the file does not hold the weights of {model} ({error})") from error
    return dict(network.state_dict())


def _state_of(file: Path) -> dict[str, Tensor]:
    if file.suffix == ".safetensors":
        return load_file(file)
    value = torch.load(file, map_location="cpu", weights_only=True)
    if not isinstance(value, Mapping):
        raise ValueError("no state of a network")
    key = next((key for key in _STATE_KEYS if isinstance(value.get(key), Mapping)), None)
    state = value if key is None else value[key]
    return {name.removeprefix("module."): tensor for name, tensor in state.items() if isinstance(tensor, Tensor)}


def _filled_torchvision(model: str, name: str, state: Mapping[str, Tensor]) -> nn.Module:
    import torchvision

    heads = _AUXILIARY.get(model, ())
    arguments = {"init_weights": False, "aux_logits": not heads} if name in ("googlenet", "inception_v3") else {}
    network: nn.Module = torchvision.models.get_model(name, weights=None, **arguments)
    renamed = {_OLD_DENSENET_KEY.sub(r"\1\2", key): tensor for key, tensor in state.items()}
    network.load_state_dict({key: tensor for key, tensor in renamed.items() if not (heads and key.startswith(heads))})
    return network


@cache
def _known_hashes() -> Mapping[str, str]:
    known: Mapping[str, str] = json.loads(_KNOWN.read_text(encoding="utf-8"))
    return known
