"""CIFAR's binary archives: records of one or two bytes of labels and three planes of 32 x 32."""

import hashlib
import io
import tarfile

import numpy as np
import pytest

from medattn.datasets.prepare import prepare
from medattn.datasets.store import read_store
from medattn.errors import UserError
from medattn.sources import cifar

from .conftest import entry_of

CLASSES = {10: [f"c{k}" for k in range(10)], 100: [f"c{k}" for k in range(100)]}


def records(labels, coarse=None):
    """Pixels tell their place: red = row, green = column, blue = label."""
    parts = []
    for label in labels:
        head = bytes([label]) if coarse is None else bytes([coarse, label])
        rows, columns = np.mgrid[0:32, 0:32].astype(np.uint8)
        parts.append(head + rows.tobytes() + columns.tobytes() + np.full((32, 32), label, np.uint8).tobytes())
    return b"".join(parts)


def members(classes):
    every = list(range(classes))
    names = ("\n".join(CLASSES[classes]) + "\n\n").encode()
    if classes == 10:
        train = {f"cifar-10-batches-bin/data_batch_{k}.bin": records(every[2 * k - 2 : 2 * k]) for k in range(1, 6)}
        return {
            **train,
            "cifar-10-batches-bin/test_batch.bin": records(every),
            "cifar-10-batches-bin/batches.meta.txt": names,
        }
    return {
        "cifar-100-binary/train.bin": records(every, coarse=7),
        "cifar-100-binary/test.bin": records(every[::-1], coarse=3),
        "cifar-100-binary/fine_label_names.txt": names,
        "cifar-100-binary/coarse_label_names.txt": b"all\n",
    }


def write(path, contents, change=lambda archive: None):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        change(archive)
    return path


def entry_for(path, classes, **keys):
    content = path.read_bytes()
    source = {
        "kind": "cifar",
        "labels": classes,
        "url": "http://localhost/x",
        "md5": hashlib.md5(content).hexdigest(),
        "bytes": len(content),
    }
    return entry_of(source=source, classes=CLASSES[classes], **keys)


@pytest.mark.parametrize("classes", [10, 100])
def test_records_become_images_and_fine_labels(tmp_path, classes):
    path = write(tmp_path / f"cifar-{classes}-binary.tar.gz", members(classes))
    entry = entry_for(path, classes, counts={"train": [1] * classes, "test": [1] * classes})
    store = read_store(prepare("cifar", entry, tmp_path))
    train = store.splits["train"]
    assert train.images.shape == (classes, 32, 32, 3)
    assert train.labels.tolist() == list(range(classes))
    for label, image in zip(train.labels, train.images, strict=True):
        assert np.array_equal(image[:, 5, 0], np.arange(32))
        assert np.array_equal(image[5, :, 1], np.arange(32))
        assert (image[..., 2] == label).all()
    assert store.splits["test"].labels.tolist() == list(range(classes))[:: 1 if classes == 10 else -1]


def link(archive):
    member = tarfile.TarInfo("cifar-10-batches-bin/test_batch.bin")
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/hostname"
    archive.addfile(member)


@pytest.mark.parametrize(
    ("changes", "also", "message"),
    [
        ({"cifar-10-batches-bin/data_batch_3.bin": None}, None, "has no cifar-10-batches-bin/data_batch_3.bin"),
        ({"cifar-10-batches-bin/data_batch_3.bin": b"123"}, None, "data_batch_3.bin has 3 bytes, no multiple of"),
        ({"cifar-10-batches-bin/batches.meta.txt": b"cat\ndog\n"}, None, "its classes are cat, dog, ..., not those"),
        ({"cifar-10-batches-bin/test_batch.bin": None}, link, "test_batch.bin is not the plain file that it should be"),
        ({}, link, "test_batch.bin is not the plain file"),
    ],
)  # fmt: skip
def test_an_archive_that_lacks_something_is_named_in_a_line(tmp_path, changes, also, message):
    contents = {name: content for name, content in {**members(10), **changes}.items() if content is not None}
    path = write(tmp_path / "a.tar.gz", contents, also or (lambda archive: None))
    with pytest.raises(UserError, match=message) as caught:
        entry_for(path, 10).source.read(entry_for(path, 10), path)
    assert "\n" not in str(caught.value)


def test_a_member_that_is_too_large_is_not_unpacked(tmp_path, monkeypatch):
    path = write(tmp_path / "a.tar.gz", members(10))
    monkeypatch.setattr(cifar, "_LARGEST_MEMBER", 3073)
    with pytest.raises(UserError, match="is not the plain file"):
        entry_for(path, 10).source.read(entry_for(path, 10), path)


def test_another_or_damaged_archive_is_refused(tmp_path):
    path = write(tmp_path / "a.tar.gz", members(10))
    entry = entry_for(path, 10)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=r"bytes, but cifar-10-binary\.tar\.gz has"):
        entry.source.read(entry, path)
    with pytest.raises(UserError, match=r"not a readable tar\.gz archive"):
        entry_for(path, 10).source.read(entry_for(path, 10), path)
