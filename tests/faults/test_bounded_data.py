"""Data files that announce or unpack to gigabytes are refused in bounded memory and disk space, before they are read.

Each is refused in a separate process, whose memory beyond its imports is limited.
"""

import gzip
import io
import struct
import subprocess
import sys
import tarfile
import time
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medattn.errors import UserError
from medattn.sources.image_folder import ImageListing
from medattn.sources.pixels.listed_images import resized
from medattn.sources.pixels.stored_image import StoredImage, to_8_bit
from tests.datasets.conftest import entry_of

LIMIT = 300 << 20
REFUSE = """
import resource, sys
from pathlib import Path
from medattn.config.models.dataset import DatasetEntry
from medattn.config.validation import validated
from medattn.datasets.archive import unpack
from medattn.errors import UserError
import medattn.sources.pixels.listed_images
import numpy, json
kind, path, entry = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[4]),) * 2)
resource.setrlimit(resource.RLIMIT_FSIZE, (50 << 20,) * 2)
try:
    if kind == "archive":
        unpack({path: None}, path.parent / "out")
    else:
        entry = validated(DatasetEntry, json.loads(entry), "test")
        entry.source.read(entry, path, path.parent)
except UserError as error:
    print(error)
"""


def refused(kind: str, path: Path, entry: str = "{}") -> str:
    """Return the message with which a process with little memory refuses a file."""
    begin = time.process_time()
    command = [sys.executable, "-c", REFUSE, kind, str(path), entry, str(LIMIT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert time.process_time() - begin < 30
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("\n") == 1
    return done.stdout


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


def zeros_in_gzip(start: bytes, count: int) -> bytes:
    """Bytes of gzip that unpack to `start` and `count` zeros."""
    packer = zlib.compressobj(1, wbits=31)
    parts = [packer.compress(start)]
    piece = bytes(1 << 24)
    parts += [packer.compress(piece) for _ in range(count >> 24)]
    return b"".join([*parts, packer.flush()])


def sparse() -> bytes:
    """A tar of a kilobyte whose only file has two gigabytes of holes."""
    info = tarfile.TarInfo("x.png")
    info.type = tarfile.GNUTYPE_SPARSE
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[483:495] = b"%011o\0" % (2 << 30)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("announced.tar.gz", lambda: gzip.compress(header("x.png", 2 << 30)), "unpacks to more than"),
        ("zeros.tar.gz", lambda: zeros_in_gzip(header("x.png", 256 << 20), 256 << 20), "unpacks to more than"),
        ("sparse.tar.gz", lambda: gzip.compress(sparse()), "neither a plain file nor a folder"),
        ("name.tar.gz", lambda: zeros_in_gzip(header("x", 320 << 20, tarfile.GNUTYPE_LONGNAME), 320 << 20),
         "header that is too large"),
        ("pax.tar.gz", lambda: zeros_in_gzip(header("x", 320 << 20, tarfile.XHDTYPE), 320 << 20),
         "header that is too large"),
    ],
)  # fmt: skip
def test_archives_are_refused_by_what_they_announce(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content())
    assert (tmp_path / name).stat().st_size < 2 << 20
    assert message in refused("archive", tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_zip_is_refused_by_what_it_announces(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x", "w") as stream:
        for _ in range(4):
            stream.write(bytes(1 << 24))
    assert "unpacks to more than" in refused("archive", tmp_path / "a.zip")


def test_what_a_data_set_declares_is_the_limit_of_its_archives():
    source = {"kind": "class_folders", "archives": {"a.zip": {"unpacked_bytes": 5 << 30}, "b.zip": {}}}
    archives = entry_of(source=source).source.archive_files
    assert [archive.unpacked_bytes for archive in archives.values()] == [5 << 30, None]


def npz(path: Path, train_shape: tuple[int, ...]) -> Path:
    """An npz in the form of MedMNIST whose training images have a shape, and no content."""
    arrays = {f"{split}_{part}": np.zeros((2, 8, 8) if part == "images" else (2, 1), np.uint8)
              for split in ("train", "val", "test") for part in ("images", "labels")}  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            stream = io.BytesIO()
            shape = train_shape if name == "train_images" else array.shape
            np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})
            archive.writestr(f"{name}.npy", stream.getvalue() + array.tobytes())
    return path


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((10**9, 8, 8), "train_images has 1000000000 images, but 2 are declared"),
        ((2, 60000, 60000), "train_images has images of 60000 x 60000 pixels, but source.size is 28"),
        ((10**12, 8, 8, 3), "but 2 are declared"),
    ],
)
def test_the_shape_of_an_npz_is_compared_before_it_is_read(tmp_path, shape, message):
    path = npz(tmp_path / "tiny.npz", shape)
    from medattn.sources.original_file import source_file

    file = source_file(path)
    entry = f"""{{"title": "T", "classes": ["a", "b"], "counts": {{"train": [1, 1], "val": [1, 1], "test": [1, 1]}},
        "source": {{"kind": "medmnist", "set": "tiny", "md5": "{file.md5}", "bytes": {file.bytes}}}}}"""
    assert message in refused("data", path, entry)


def bomb() -> bytes:
    """A PNG of 40,000 x 40,000 pixels in some kilobytes."""
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))  # noqa: E731
    shape = struct.pack(">IIBBBBB", 40000, 40000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", shape)
        + chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("x.png", lambda path: path.write_bytes(bomb()), "too large"),
        (
            "x.png",
            lambda path: Image.new("RGBA", (7000, 7000), (9, 9, 9, 9)).save(path, compress_level=1),
            "transparent",
        ),
        ("x.png", lambda path: _hole(path, 3 << 30), "bytes; image files of up to"),
        ("images.csv", lambda path: _hole(path, 3 << 30), "bytes; tables of up to"),
    ],
)
def test_images_and_tables_are_refused_by_their_size(tmp_path, name, make, message):
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "images.csv").write_text("image,label,split\nx.png,a,train\n")
    make(folder / name)
    entry = '{"title": "T", "classes": ["a", "b"], "source": {"kind": "folder", "size": 8}}'
    assert message in refused("data", folder, entry)


@pytest.mark.parametrize(
    "convert",
    [
        lambda side: resized(np.zeros((side, side, 3), np.uint8), 64),
        lambda side: to_8_bit(
            StoredImage(np.zeros((side, side), np.uint16), "", (0, 9)), ImageListing((), window=(0, 9)), ""
        ),
    ],
)
def test_a_large_image_is_never_a_whole_one_of_floats(convert):
    tracemalloc.start()
    convert(2500)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 130 << 20


def _hole(path: Path, size: int) -> None:
    with path.open("r+b" if path.exists() else "wb") as stream:
        stream.truncate(size)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"counts": {"train": [10**9, 5], "test": [5, 5]}}, "counts"),
        ({"counts": {"train": [10**7, 10**7], "test": [5, 5]}, "size": 1024}, "more than 64 GiB"),
        ({"counts": {"train": [-1, 5], "test": [5, 5]}}, "counts"),
        ({"counts": {"train": [5, 5], "test": [5, 5]}, "seed": 10**400}, "seed"),
        ({"counts": {"train": [5, 5], "test": [5, 5]}, "images_per_patient": 10**30}, "images_per_patient"),
    ],
)
def test_counts_and_sizes_of_phantoms_are_bounded(keys, message):
    with pytest.raises(UserError, match=message):
        entry_of(source={"kind": "phantom", **keys})
