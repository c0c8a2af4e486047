"""ImageNet weights: fetched from a local server, kept with their hash, loaded all but the head."""

import argparse
import ast
import hashlib
import http.server
import io
import re
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file

from medattn.backbones import weights
from medattn.backbones.build import build_backbone, create_network
from medattn.backbones.published_weights import _known_hashes, read_published, verify_published
from medattn.backbones.weights import WeightsOrigin, read_weights
from medattn.commands import fetch
from medattn.config.models.paper import Backbone
from medattn.datasets import download as downloading
from medattn.errors import UserError
from medattn.files import read_json
from medattn.layout import weights_file
from medattn.provenance.code import CODE_FOLDER

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


class Hostile:
    """Creates a file when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("model", ["torchvision/shufflenet_v2_x0_5", "torchvision/densenet121", "timm/test_resnet"])
@pytest.mark.parametrize("nested", [False, True])
def test_a_hostile_pickle_with_the_right_digits_runs_nothing(
    server: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: str, legacy: bool, nested: bool
) -> None:
    trace, buffer = tmp_path / "was-here", io.BytesIO()
    state = {"conv1.weight": torch.zeros(1), "more": Hostile(trace)}
    torch.save({"state_dict": state} if nested else state, buffer, _use_new_zipfile_serialization=not legacy)
    name = f"network-{hashlib.sha256(buffer.getvalue()).hexdigest()[:8]}.pth"
    (server[0] / name).write_bytes(buffer.getvalue())
    monkeypatch.setattr(weights, "weights_origin", lambda _: WeightsOrigin("V1", f"{server[1]}/{name}"))
    with pytest.raises(UserError, match="holds other objects than tensors"):
        weights.fetch_weights(model, tmp_path, partial(downloading.download, name="n"))
    assert not trace.exists()
    assert not (tmp_path / weights.FIRST_SEEN).exists()


def test_old_names_of_layers_and_heads_that_are_left_out(tmp_path: Path) -> None:
    for model in ("torchvision/densenet121", "torchvision/googlenet"):
        arguments = {"aux_logits": True, "init_weights": False} if model.endswith("googlenet") else {}
        network = torchvision.models.get_model(model.rpartition("/")[2], weights=None, **arguments)
        state = network.state_dict()
        old = {re.sub(r"(denselayer\d+\.(?:norm|conv))([12])", r"\1.\2", key): value for key, value in state.items()}
        torch.save({"state_dict": old}, tmp_path / "old.pth")
        read = read_published(model, tmp_path / "old.pth")
        assert set(read) == {key for key in state if not key.startswith(("aux1", "aux2"))}
        assert all(torch.equal(read[key], state[key]) for key in read)


def test_the_first_download_is_noted_and_another_one_is_refused(
    published: dict[str, torch.nn.Module], server: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetched(tmp_path, TIMM) == 0
    (first,) = read_json(tmp_path / weights.FIRST_SEEN).values()
    path = weights_file(tmp_path, TIMM)
    path.unlink()
    assert fetched(tmp_path, TIMM) == 0, "the same file again"
    path.unlink()
    save_file({key: value + 1 for key, value in published[TIMM].state_dict().items()}, server[0] / "model.safetensors")
    assert fetched(tmp_path, TIMM) == 2
    said = capsys.readouterr().err
    assert "not the file of the first download" in said and first in said
    assert not path.exists()


def test_a_known_file_must_have_its_full_hash(tmp_path: Path) -> None:
    url, first_seen = "https://example.org/resnet18-f37072fd.pth", tmp_path / "seen.json"
    with pytest.raises(UserError, match="not the file that is known by this name"):
        verify_published(url, Path("f.pth"), "f37072fd" + "0" * 56, first_seen)
    for name, sha256 in _known_hashes().items():
        verify_published(f"https://example.org/{name}", Path("f.pth"), sha256, first_seen)
        assert sha256.startswith(name.removesuffix(".pth").rpartition("-")[2])


def test_the_package_unpickles_nothing_unrestricted() -> None:
    """Every `torch.load` restricts itself to tensors, every `np.load` refuses pickles, and nothing imports pickle."""
    for path in CODE_FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                called = f"{getattr(node.func.value, 'id', '')}.{node.func.attr}"
                given = {key.arg: getattr(key.value, "value", None) for key in node.keywords}
                assert called != "torch.load" or given.get("weights_only") is True, path
                assert called not in ("np.load", "numpy.load") or given.get("allow_pickle") is False, path
                refused = ("pickle.load", "pickle.loads", "pickle.Unpickler", "joblib.load", "torch.hub")
                assert not called.startswith(refused), path
