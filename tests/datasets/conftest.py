"""Small data sets, whole and damaged."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from PIL import Image

from medattn.config.models.dataset import DatasetEntry
from medattn.config.validation import validated
from medattn.sources.original_file import source_file

Table = Sequence[Sequence[str]]
CLASSES = ["healthy", "ill"]
CONTENT = bytes(range(256)) * 3000
"""What the local server serves at first."""


def entry_of(**keys: Any) -> DatasetEntry:
    return validated(DatasetEntry, {"title": "T", "classes": CLASSES, **keys}, "test")


def medmnist_entry(original: Path, **keys: Any) -> DatasetEntry:
    """An entry that promises the file `original` as it is now."""
    url = f"http://localhost/{original.name}"
    file = source_file(original)
    source = {"kind": "medmnist", "set": original.stem, "url": url, "md5": file.md5, "bytes": file.bytes}
    return entry_of(source=source, **keys)


def medmnist_arrays() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    arrays = {}
    for split, count in (("train", 12), ("val", 4), ("test", 6)):
        arrays[f"{split}_images"] = random.integers(0, 256, (count, 10, 10), dtype=np.uint8)
        arrays[f"{split}_labels"] = (np.arange(count, dtype=np.uint8) % 2)[:, np.newaxis]
    return arrays


@pytest.fixture
def medmnist_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes an npz in MedMNIST's form, with arrays replaced (or, given None, left out)."""

    def write(**changes: Any) -> Path:
        arrays = {k: v for k, v in {**medmnist_arrays(), **changes}.items() if v is not None}
        path = tmp_path / "tinymnist.npz"
        np.savez_compressed(path, **arrays)
        return path

    return write


@pytest.fixture
def image_folder(tmp_path: Path) -> Callable[..., Path]:
    """Writes a folder with eight images and the given rows of images.csv (default: one of each kind)."""

    def write(rows: Table | None = None, header: Sequence[str] = ("image", "label", "split")) -> Path:
        folder = tmp_path / "mine"
        folder.mkdir(exist_ok=True)
        random = np.random.default_rng(1)
        for index in range(8):
            pixels = random.integers(0, 256, (20, 30, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{index}.png")
        if rows is None:
            splits = ["train"] * 4 + ["val"] * 2 + ["test"] * 2
            rows = [(f"{i}.png", CLASSES[i % 2], split) for i, split in enumerate(splits)]
        table = [",".join(row) for row in (header, *rows)]
        (folder / "images.csv").write_text("\r\n".join(table) + "\r\n")
        return folder

    return write


@pytest.fixture
def folder_entry() -> DatasetEntry:
    return entry_of(source={"kind": "folder", "size": 8, "channels": 3})


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real files; without it the tests that need them are passed over."""
    folder = os.environ.get("MEDATTN_DATA")
    if not folder:
        pytest.skip("needs real data: set MEDATTN_DATA to a folder with breastmnist.npz and retinamnist.npz")
    return Path(folder)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.ranges.append(self.headers.get("Range"))
        step = server.script.pop(0) if server.script else "serve"
        if isinstance(step, int):
            self.send_error(step)
            return
        if step.startswith(("http", "file")):
            self.send_response(302)
            self.send_header("Location", step)
            self.end_headers()
            return
        start = 0
        if (match := re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))) and step != "no ranges":
            start = int(match[1])
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(server.content) - 1}/{len(server.content)}")
        else:
            self.send_response(200)
        body = server.content[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if step == "break off" else body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A local server: `content` is served at `url`, as `script` says for each request; `ranges` were asked for."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.content, server.script, server.ranges = CONTENT, [], []
    server.url = f"http://127.0.0.1:{server.server_port}/file.npz"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
