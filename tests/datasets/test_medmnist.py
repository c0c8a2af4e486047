import numpy as np
import pytest

from medattn.config.load import registered_datasets
from medattn.datasets.prepare import prepare
from medattn.errors import UserError
from medattn.plan.availability import entry_identity
from medattn.sources.medmnist_files import OFFICIAL

from .conftest import entry_of, medmnist_arrays, medmnist_entry


def test_gray_images_get_a_channel_and_labels_lose_theirs(medmnist_file):
    path = medmnist_file()
    data = medmnist_entry(path).source.read(medmnist_entry(path), path)
    assert data.splits["train"].images.shape == (12, 10, 10, 1)
    assert data.splits["val"].labels.tolist() == [0, 1, 0, 1]
    assert data.source_files[0].name == "tinymnist.npz"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test_labels": None}, "no array 'test_labels'"),
        ({"val_images": np.zeros((4, 10, 10), dtype=np.float32)}, "val_images has type float32"),
        ({"val_images": np.zeros((4, 10), dtype=np.uint8)}, "val_images has shape"),
        ({"val_images": np.zeros((4, 10, 10, 2), dtype=np.uint8)}, "val_images has shape"),
        ({"val_images": np.zeros((4, 9, 10), dtype=np.uint8)}, "split 'val' has images of shape"),
        ({"val_labels": np.zeros((5, 1), dtype=np.uint8)}, "val_labels holds"),
        ({"val_labels": np.zeros((4, 3), dtype=np.uint8)}, "val_labels holds"),
        ({"val_labels": np.full((4, 1), np.nan)}, "val_labels holds float64"),
        ({"test_labels": np.full((6, 1), 2, dtype=np.uint8)}, "split 'test', image 0: label 2 is outside"),
        ({"train_labels": np.zeros((12, 1), dtype=np.uint8)}, "split 'train' has no image of class 'ill'"),
        ({"train_images": np.array([{}] * 12, dtype=object)}, "never loaded"),
    ],
)
def test_wrong_arrays_are_named(tmp_path, medmnist_file, changes, message):
    path = medmnist_file(**changes)
    with pytest.raises(UserError, match=message) as caught:
        prepare("tiny", medmnist_entry(path), tmp_path)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.rglob("manifest.json"))


def test_another_file_is_never_opened(medmnist_file):
    path = medmnist_file()
    entry = medmnist_entry(path)
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"its MD5 is .* but that of tinymnist\.npz is"):
        entry.source.read(entry, path)
    path.write_bytes(content[:-20])
    with pytest.raises(UserError, match=r"bytes, but tinymnist\.npz has"):
        entry.source.read(entry, path)
    path.unlink()
    with pytest.raises(UserError, match="no such file"):
        entry.source.read(entry, path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"<html>not found</html>",
        lambda content: b"PK\x03\x04" + b"\0" * 50,
        lambda content: b"",
    ],
    ids=["truncated", "no npz", "only a zip's head", "empty"],
)
def test_files_that_are_no_npz_give_one_line(medmnist_file, damage):
    path = medmnist_file()
    path.write_bytes(damage(path.read_bytes()))
    entry = medmnist_entry(medmnist_file()) if not path.stat().st_size else medmnist_entry(path)
    path.write_bytes(damage(medmnist_file().read_bytes()))
    with pytest.raises(UserError, match="npz") as caught:
        entry.source.read(entry, path)
    assert "\n" not in str(caught.value)


def test_a_single_array_is_no_npz(tmp_path):
    path = tmp_path / "tinymnist.npz"
    with path.open("wb") as stream:
        np.save(stream, medmnist_arrays()["train_images"])
    with pytest.raises(UserError, match="not a readable npz file"):
        medmnist_entry(path).source.read(medmnist_entry(path), path)


@pytest.mark.parametrize("size", [28, 64, 128, 224])
@pytest.mark.parametrize("name", sorted(OFFICIAL))
def test_every_official_set_has_a_file_and_an_md5_at_each_native_size(name, size):
    download = entry_of(source={"kind": "medmnist", "set": name, "size": size}).source.download
    assert download.file == (f"{name}.npz" if size == 28 else f"{name}_{size}.npz")
    assert download.file in download.url
    assert len(download.md5) == 32
    assert len({md5 for files in OFFICIAL.values() for md5 in files.md5.values()}) == 4 * len(OFFICIAL)


def test_another_size_is_another_data_set_with_its_own_checksum():
    entries = [entry_of(source={"kind": "medmnist", "set": "octmnist", "size": size}) for size in (28, 64)]
    assert len({entry_identity("octmnist", entry) for entry in entries}) == 2
    assert [entry.source.shape for entry in entries] == [(28, 1), (64, 1)]


def test_sets_that_nobody_knows_need_an_md5():
    with pytest.raises(
        UserError, match="unknown set 'octmnst'; did you mean 'octmnist'\\?; another file needs its md5"
    ):
        entry_of(source={"kind": "medmnist", "set": "octmnst"})
    with pytest.raises(UserError, match="size"):
        entry_of(source={"kind": "medmnist", "set": "octmnist", "size": 32})


def test_a_set_with_several_labels_an_image_is_refused_with_that_reason():
    with pytest.raises(
        UserError, match="images of chestmnist have several labels each; only sets with one are supported"
    ):
        entry_of(source={"kind": "medmnist", "set": "chestmnist"})


@pytest.mark.parametrize("name", sorted(OFFICIAL))
def test_every_official_set_is_registered(name):
    entry = registered_datasets()[name]
    assert entry.title.lower() == entry.source.set == name
    assert entry.source.download.md5 == OFFICIAL[name].md5[28]
    assert entry.known_images()
