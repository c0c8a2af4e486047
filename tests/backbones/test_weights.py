"""ImageNet weights: fetched from a local server, kept with their hash, loaded all but the head."""

import argparse
import hashlib
import http.server
import io
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from medattn.backbones import weights
from medattn.backbones.build import build_backbone, create_network
from medattn.backbones.weights import WeightsOrigin, read_weights
from medattn.commands import fetch
from medattn.config.models.paper import Backbone
from medattn.datasets import download as downloading
from medattn.errors import UserError
from medattn.layout import weights_file

TORCHVISION, TIMM = "torchvision/shufflenet_v2_x0_5", "timm/test_resnet"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    folder = tmp_path / "served"
    folder.mkdir()
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    monkeypatch.setattr(handler.func, "log_message", lambda *_: None)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.fixture
def published(server: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, torch.nn.Module]:
    """Weights of 1000 classes as the libraries publish them: a .pth with a hash in its name, and a safetensors file."""
    folder, address = server
    torch.manual_seed(1)
    networks = {TORCHVISION: create_network(TORCHVISION, 1000), TIMM: timm.create_model("test_resnet")}
    buffer = io.BytesIO()
    torch.save(networks[TORCHVISION].state_dict(), buffer)
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    files = {TORCHVISION: f"shufflenet-{digest[:8]}.pth", TIMM: "model.safetensors"}
    (folder / files[TORCHVISION]).write_bytes(buffer.getvalue())
    save_file(networks[TIMM].state_dict(), folder / files[TIMM])
    names = {TORCHVISION: "IMAGENET1K_V1", TIMM: "r160_in1k"}
    monkeypatch.setattr(
        weights, "weights_origin", lambda model: WeightsOrigin(names[model], f"{address}/{files[model]}")
    )
    return networks


def fetched(data: Path, *models: str) -> int:
    parser = argparse.ArgumentParser()
    fetch.add_arguments(parser)
    return fetch.run(parser.parse_args(["--data", str(data), "--weights", *models]))


def test_fetched_weights_fill_everything_but_the_head(
    published: dict[str, torch.nn.Module], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    assert fetched(data, TORCHVISION, TIMM) == 0
    assert "ImageNet weights, SHA-256" in capsys.readouterr().out
    for model, original in published.items():
        assert (
            sorted(path.suffix for path in weights_file(data, model).parent.glob("*"))
            == [".json", ".json"] + [".safetensors"] * 2
        )
        network = build_backbone(Backbone(model=model, weights="imagenet"), 7, data)
        theirs, ours = original.state_dict(), network.state_dict()
        differing = {key for key in ours if ours[key].shape != theirs[key].shape}
        assert {key.rpartition(".")[0] for key in differing} == {"fc"}
        assert all(torch.equal(ours[key], theirs[key]) for key in ours.keys() - differing)


def test_weights_that_were_not_fetched_or_were_changed_are_refused(
    published: dict[str, torch.nn.Module], tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="run `medattn fetch --weights torchvision/shufflenet_v2_x0_5`"):
        read_weights(TORCHVISION, tmp_path)
    assert fetched(tmp_path, TORCHVISION) == 0
    path = weights_file(tmp_path, TORCHVISION)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="SHA-256 differs"):
        read_weights(TORCHVISION, tmp_path)


def test_a_damaged_download_is_one_line_and_nothing_is_kept(
    published: dict[str, torch.nn.Module], server: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in server[0].iterdir():
        path.write_bytes(path.read_bytes()[:-100])
    assert fetched(tmp_path, TORCHVISION, TIMM) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 2
    assert "the download is damaged" in lines[0]
    assert "does not hold the weights of timm/test_resnet" in lines[1]
    assert list((tmp_path / "weights").iterdir()) == []


def test_without_a_network_the_line_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(weights, "weights_origin", lambda model: WeightsOrigin("V1", "http://127.0.0.1:9/vgg16.pth"))
    monkeypatch.setattr(downloading, "download", partial(downloading.download, wait=lambda seconds: None))
    assert fetched(tmp_path, "torchvision/vgg16") == 2
    line = capsys.readouterr().err.strip()
    assert "could not be reached" in line
    assert "run `medattn fetch --weights torchvision/vgg16`, then copy" in line
