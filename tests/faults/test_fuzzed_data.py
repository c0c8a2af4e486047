"""Images, archives, arrays, weights and checkpoints of any content: one line, or what the file says; nothing is run.

Half of the examples change a file of the right form at a few places, so that they pass the first checks of a reader.
"""

import gzip
import hashlib
import io
import json
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from medattn.backbones.published_weights import read_published
from medattn.commands.fetch import damaged_weights_refused
from medattn.datasets.archive import unpack
from medattn.datasets.store import MANIFEST, read_store, write_store
from medattn.files import read_json, sha256_of_value
from medattn.training.checkpoint import read_checkpoint
from tests.datasets.conftest import entry_of, medmnist_arrays, medmnist_entry
from tests.datasets.test_medical_files import dicom, nifti

from .fuzzing import QUICK, attempt, changed, damaged

SIDE = 8
FOLDER = {"kind": "folder", "size": SIDE}
PICTURES = {"x.png": "PNG", "x.jpg": "JPEG", "x.tif": "TIFF", "x.bmp": "BMP", "x.ppm": "PPM"}


def picture(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (SIDE, SIDE), (9, 8, 7)).save(stream, kind)
    return stream.getvalue()


def with_right_sums(content: bytes) -> bytes:
    """Return a PNG whose chunks have the checksums of what they hold now, as far as its lengths can be followed."""
    result, start = bytearray(content), 8
    while start + 12 <= len(result):
        end = start + 8 + int.from_bytes(result[start : start + 4], "big")
        if end + 4 > len(result):
            break
        result[end : end + 4] = zlib.crc32(result[start + 4 : end]).to_bytes(4, "big")
        start = end + 4
    return bytes(result)


def read_image(folder: Path, name: str, content: bytes, **source: object) -> None:
    root = folder / "own"
    root.mkdir(exist_ok=True)
    (root / name).write_bytes(content)
    (root / "images.csv").write_text(f"image,label,split\n{name},healthy,train\n")
    entry = entry_of(source={**FOLDER, **source})
    attempt(lambda: entry.source.read(entry, root, root))
    (root / name).unlink()


def fuzz_pictures(data: st.DataObject, folder: Path) -> None:
    name = data.draw(st.sampled_from(sorted(PICTURES)))
    content = damaged(data, picture(PICTURES[name]))
    read_image(folder, name, with_right_sums(content) if name == "x.png" else content)


def fuzz_medical_images(data: st.DataObject, folder: Path) -> None:
    values = np.arange(64, dtype=np.uint16).reshape(8, 8) * 16
    options = {"window": {"low": 0.0, "high": 1020.0}}
    kind = data.draw(st.sampled_from(["x.dcm", "x.nii", "x.nii.gz"]))
    if kind == "x.dcm":
        read_image(folder, kind, damaged(data, dicom(values)), **options)
        return
    content = damaged(data, nifti(values[..., None].astype(np.int16)))
    read_image(folder, kind, gzip.compress(content, 1) if kind.endswith("gz") else content, **options)


def fuzz_tables_of_images(data: st.DataObject, folder: Path) -> None:
    root = folder / "table"
    root.mkdir(exist_ok=True)
    (root / "x.png").write_bytes(picture("PNG"))
    table = "image,label,split,patient\nx.png,healthy,train,7\nx.png,ill,test,8\n"
    (root / "images.csv").write_bytes(damaged(data, table.encode()))
    entry = entry_of(source=FOLDER)
    attempt(lambda: entry.source.read(entry, root, root))


def fuzz_npz(data: st.DataObject, folder: Path) -> None:
    stream = io.BytesIO()
    arrays = medmnist_arrays()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.save(member, array)
            content = member.getvalue()
            archive.writestr(f"{name}.npy", damaged(data, content) if name == "train_images" else content)
    path = folder / "tinymnist.npz"
    path.write_bytes(stream.getvalue() if data.draw(st.booleans()) else damaged(data, stream.getvalue()))
    entry = medmnist_entry(path)
    attempt(lambda: entry.source.read(entry, path))


def fuzz_archives(data: st.DataObject, folder: Path) -> None:
    stream = io.BytesIO()
    name = data.draw(
        st.sampled_from(["a/x.png", "x.png", "../x.png", "/x.png", "a/../../x", ".", "a\\..\\x", "\ud800"])
    )
    if data.draw(st.booleans()):
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT, errors="surrogatepass") as archive:
            info = tarfile.TarInfo(name)
            info.size = 9
            info.type = data.draw(
                st.sampled_from([tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
            )
            info.linkname = data.draw(st.sampled_from(["", "/etc/passwd", "../../x"]))
            archive.addfile(info, io.BytesIO(b"content!!"))
        content, path = gzip.compress(damaged(data, stream.getvalue()), 1), folder / "a.tar.gz"
    else:
        with zipfile.ZipFile(stream, "w", data.draw(st.sampled_from([0, 8]))) as zipped:
            zipped.writestr(name.replace("\ud800", "?"), b"content!!")
        content, path = stream.getvalue(), folder / "a.zip"
    path.write_bytes(content if data.draw(st.booleans()) else damaged(data, content))
    out = folder / "deep" / "out"
    attempt(lambda: unpack({path: None}, out))
    inside = {"deep", "a.tar.gz", "a.zip"}
    assert {found.name for found in folder.iterdir()} <= inside, "something was written outside"
    if out.exists():
        assert not any(found.is_symlink() for found in out.rglob("*"))
        out.rename(folder / "deep" / "old")
        remove(folder / "deep" / "old")
    assert list((folder / "deep").iterdir()) == []


def remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


def fuzz_prepared_images(data: st.DataObject, folder: Path) -> None:
    store = folder / "store"
    if not store.exists():
        np.savez_compressed(folder / "tinymnist.npz", **medmnist_arrays())
        entry = medmnist_entry(folder / "tinymnist.npz")
        write_store(store, "tinymnist", entry, entry.source.read(entry, folder / "tinymnist.npz"))
    before = {path: path.read_bytes() for path in store.iterdir()}
    if data.draw(st.booleans()):
        path = data.draw(st.sampled_from(sorted(before)))
        path.write_bytes(damaged(data, before[path]))
    else:
        manifest = changed(data, read_json(store / MANIFEST))
        if isinstance(manifest, dict):
            manifest.pop("self_sha256", None)
            try:
                manifest["self_sha256"] = sha256_of_value(manifest)
            except (ValueError, UnicodeEncodeError):
                manifest["self_sha256"] = "0"
        (store / MANIFEST).write_text(json.dumps(manifest))
    attempt(lambda: read_store(store))
    for path, content in before.items():
        path.write_bytes(content)


def fuzz_checkpoints(data: st.DataObject, folder: Path) -> None:
    stream = io.BytesIO()
    torch.save({"history": [], "scores": [torch.ones(2, 2)], "network": {"w": torch.ones(3)}}, stream)
    content = damaged(data, stream.getvalue())
    path = folder / "checkpoint.pt"
    path.write_bytes(hashlib.sha256(content).digest() + content)
    read_checkpoint(path, torch.device("cpu"))


def fuzz_weights(data: st.DataObject, folder: Path) -> None:
    stream = io.BytesIO()
    torch.save({"state_dict": {"conv.weight": torch.ones(2, 2)}}, stream)
    path = folder / "weights.pth"
    path.write_bytes(damaged(data, stream.getvalue()))
    attempt(lambda: read_or_refused("torchvision/squeezenet1_1", path))


def read_or_refused(model: str, path: Path) -> None:
    """Read weights as `medattn fetch` does."""
    with damaged_weights_refused(model):
        read_published(model, path)


TARGETS = [value for name, value in sorted(globals().items()) if name.startswith("fuzz_")]
NAMES = [target.__name__.removeprefix("fuzz_") for target in TARGETS]


@pytest.mark.parametrize("target", TARGETS, ids=NAMES)
@settings(max_examples=5, **QUICK)
@given(st.data())
def test_any_data(tmp_path, target, data):
    target(data, tmp_path)


@pytest.mark.heavy
@pytest.mark.parametrize("target", TARGETS, ids=NAMES)
@settings(max_examples=1000, **QUICK)
@given(st.data())
def test_any_data_a_thousand_times(tmp_path, target, data):
    target(data, tmp_path)
