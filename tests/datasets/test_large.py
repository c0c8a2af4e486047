"""Images that the memory might not hold: piles on the disk, files of arrays that are mapped."""

import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from medattn.datasets.prepare import prepare
from medattn.datasets.store import read_store, write_store
from medattn.datasets.tensor_file import map_tensors, write_tensors
from medattn.sources.pixels import spooled_images
from medattn.sources.pixels.source_data import SourceData, Split
from medattn.sources.pixels.spooled_images import SpooledImages

from .conftest import entry_of, medmnist_entry


def images(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 5, 4, 3), dtype=np.uint8)


@pytest.mark.parametrize("limit", [0, 100, 10_000])
def test_a_pile_gives_back_what_was_added(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(spooled_images, "IN_MEMORY", limit)
    wanted = images(20)
    pile = SpooledImages(tmp_path / "scratch")
    for image in wanted[:15]:
        pile.add(image)
    pile.extend(wanted[15:])
    assert len(pile) == 20
    array = pile.array()
    assert isinstance(array, np.memmap) == (limit < 10_000)
    del pile
    assert np.array_equal(array, wanted)
    assert not list(tmp_path.rglob("*.*")), "nothing with a name is left on the disk"


def test_a_pile_without_a_folder_stays_in_memory(monkeypatch):
    monkeypatch.setattr(spooled_images, "IN_MEMORY", 0)
    pile = SpooledImages(None)
    pile.extend(images(3))
    assert not isinstance(pile.array(), np.memmap)
    assert len(SpooledImages(None).array()) == 0


def test_images_of_another_shape_do_not_go_on_a_pile():
    pile = SpooledImages(None)
    pile.add(images(1)[0])
    with pytest.raises(ValueError, match="shape"):
        pile.add(images(1)[0][:2])


TENSORS = {
    "train.images": images(3),
    "train.labels": np.array([2, 0, 1]),
    "region": np.eye(5, 4, dtype=bool),
    "empty": np.empty((0, 4), dtype=np.uint8),
}


def test_files_of_arrays_are_those_of_the_library(tmp_path):
    save_file(TENSORS, tmp_path / "library")
    write_tensors(tmp_path / "own", TENSORS)
    assert (tmp_path / "own").read_bytes() == (tmp_path / "library").read_bytes()
    mapped, loaded = map_tensors(tmp_path / "own"), load_file(tmp_path / "own")
    assert mapped.keys() == loaded.keys() == TENSORS.keys()
    for name, array in TENSORS.items():
        assert mapped[name].dtype == array.dtype
        assert np.array_equal(mapped[name], array)
    with pytest.raises(ValueError, match="read-only"):
        mapped["train.images"][0] = 0


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:20], lambda b: b"\xff" * 8 + b[8:], lambda b: b""])
def test_damaged_files_of_arrays_are_refused(tmp_path, damage):
    path = tmp_path / "own"
    write_tensors(path, TENSORS)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(SafetensorError):
        map_tensors(path)


def test_prepared_images_are_mapped_not_loaded(tmp_path):
    split = Split(images(4), np.array([0, 1, 0, 1]))
    write_store(
        tmp_path, "mine", entry_of(source={"kind": "folder", "size": 8}), SourceData({"train": split, "test": split})
    )
    assert isinstance(read_store(tmp_path).splits["train"].images, np.memmap)


def test_large_and_small_memory_give_the_same_prepared_files(tmp_path, medmnist_file, monkeypatch):
    path = medmnist_file(
        train_images=images(12).repeat(2, 1), val_images=images(4).repeat(2, 1), test_images=images(6).repeat(2, 1)
    )
    entry = medmnist_entry(path)
    contents = []
    for place, limit in (("one", 1 << 28), ("two", 0)):
        monkeypatch.setattr(spooled_images, "IN_MEMORY", limit)
        (tmp_path / place).mkdir()
        (tmp_path / place / path.name).write_bytes(path.read_bytes())
        folder = prepare("tiny", entry, tmp_path / place)
        contents.append([(folder / name).read_bytes() for name in ("images.safetensors", "manifest.json")])
    assert contents[0] == contents[1]


def test_an_npz_is_unpacked_piece_by_piece(tmp_path, medmnist_file, monkeypatch):
    monkeypatch.setattr("medattn.sources.medmnist._PIECE", 250)
    wanted = np.random.default_rng(3).integers(0, 256, (12, 10, 10, 3), dtype=np.uint8)
    path = medmnist_file(train_images=wanted)
    assert np.array_equal(medmnist_entry(path).source.read(medmnist_entry(path), path).splits["train"].images, wanted)
