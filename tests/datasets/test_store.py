import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from medattn.config.load import registered_datasets
from medattn.datasets.check_source import check_source
from medattn.datasets.duplicates import duplicate_lines, duplicate_sentences, find_duplicates, without_names
from medattn.datasets.prepare import fetch, prepare
from medattn.datasets.store import read_store, write_store
from medattn.errors import UserError
from medattn.plan.availability import entry_identity, missing_reason, original_path
from medattn.sources.pixels.source_data import SourceData, Split

from .conftest import CLASSES, entry_of, medmnist_entry


def split_of(labels, groups=None, start=0):
    images = np.arange(start, start + len(labels), dtype=np.uint8)[:, None, None, None].repeat(6, 1).repeat(5, 2)
    return Split(images, np.array(labels, dtype=np.int64), groups)


@pytest.fixture
def entry():
    return entry_of(source={"kind": "folder", "size": 8})


@pytest.fixture
def data():
    region = np.zeros((6, 5), dtype=bool)
    region[2, 3] = True
    splits = {
        "train": split_of([0, 1, 1], ["b", "a", "a"]),
        "test": split_of([1, 0], ["d", "c"], 100),
    }
    return SourceData(splits, region=region)


def test_what_is_written_is_read_back(tmp_path, entry, data):
    write_store(tmp_path, "mine", entry, data)
    store = read_store(tmp_path)
    assert list(store.splits) == ["train", "test"]
    for name, split in data.splits.items():
        assert np.array_equal(store.splits[name].images, split.images)
        assert np.array_equal(store.splits[name].labels, split.labels)
        assert store.splits[name].groups == split.groups
    assert np.array_equal(store.region, data.region)
    assert store.manifest["splits"]["train"]["per_class"] == [1, 2]
    assert (store.manifest["height"], store.manifest["width"], store.manifest["channels"]) == (6, 5, 1)


def test_same_data_give_the_same_bytes(tmp_path, entry, data):
    for folder in ("a", "b"):
        write_store(tmp_path / folder, "mine", entry, data)
    for file in ("images.safetensors", "manifest.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_manifest_holds_no_path_of_the_machine(tmp_path, data):
    entry = entry_of(source={"kind": "folder", "size": 8}, path="/home/someone/images")
    write_store(tmp_path, "mine", entry, data)
    assert "someone" not in (tmp_path / "manifest.json").read_text()


def truncate(folder):
    path = folder / "images.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


def flip(folder):
    path = folder / "images.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def edit(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["classes"].reverse()
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "manifest.json").unlink(), "no prepared data set"),
        (lambda folder: (folder / "images.safetensors").unlink(), "missing"),
        (truncate, "but the manifest says"),
        (flip, "SHA-256"),
        (edit, "manifest.json: changed since"),
        (lambda folder: (folder / "manifest.json").write_text("{}"), "schema"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "not a JSON file"),
    ],
)
def test_damage_is_named_in_a_line(tmp_path, entry, data, damage, message):
    write_store(tmp_path, "mine", entry, data)
    damage(tmp_path)
    with pytest.raises(UserError, match=message) as caught:
        read_store(tmp_path)
    assert "\n" not in str(caught.value)


def test_unverified_reading_skips_the_hash_only(tmp_path, entry, data):
    write_store(tmp_path, "mine", entry, data)
    flip(tmp_path)
    read_store(tmp_path, verify=False)
    truncate(tmp_path)
    with pytest.raises(UserError, match="the manifest says"):
        read_store(tmp_path, verify=False)


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ({"train": split_of([0, 1])}, "no split 'test'"),
        ({"train": split_of([0, 1]), "test": split_of([])}, "split 'test' is empty"),
        ({"train": split_of([0, 0]), "test": split_of([1])}, "split 'train' has no image of class 'ill'"),
        ({"train": split_of([0, 1]), "test": split_of([0, 2])}, "split 'test', image 1: label 2 is outside"),
        ({"train": split_of([0, 1]), "test": split_of([-1])}, "label -1 is outside"),
    ],
)
def test_unusable_data_are_refused(entry, splits, message):
    with pytest.raises(UserError, match=message):
        check_source(entry, SourceData(splits), "mine")


def test_counts_are_compared_by_split_and_class(data):
    entry = entry_of(source={"kind": "folder", "size": 8}, counts={"train": [1, 2], "test": [1, 2]})
    with pytest.raises(UserError, match=r"mine: split 'test' has 1 images of class 'ill', but `counts` .* says 2"):
        check_source(entry, data, "mine")


def test_duplicates_are_counted_and_named():
    splits = {"train": split_of([0, 1, 1, 0]), "test": split_of([0, 1])}
    splits["train"].images[3] = splits["train"].images[2]
    found = find_duplicates(splits)
    assert found["repeated_images"] == 3
    assert found["within"] == {"train": 1, "test": 0}
    assert found["between"] == {"train/test": {"images": 2, "other_label": 0}}
    assert found["two_labels"] == 1
    assert found["sets"][-1] == [
        {"split": "train", "index": 2, "label": 1},
        {"split": "train", "index": 3, "label": 0},
    ]
    assert duplicate_sentences(found, {"train": 4, "test": 2}) == [
        "2 of 2 test images are also in train",
        "1 of 4 train images repeats another one of train",
        "1 image has conflicting labels",
    ]


def test_equal_images_are_named_a_line_each_and_of_many_the_first():
    splits = {"train": split_of([0] * 12), "test": split_of([1] * 12)}
    lines = duplicate_lines(find_duplicates(splits), CLASSES, "manifest.json")
    assert lines[0] == "the same image: image 0 (train, healthy), image 0 (test, ill)"
    assert len(lines) == 11
    assert lines[-1] == "2 more images have duplicates, see manifest.json"
    splits["train"].images[:] = 0
    (line,) = duplicate_lines(find_duplicates({"train": splits["train"]}), CLASSES, "manifest.json")
    assert line.startswith("the same image: image 0 (train, healthy), image 1 (train, healthy), ")
    assert line.endswith("image 3 (train, healthy) and 8 more")


def test_equal_images_of_a_folder_are_named_as_there():
    splits = {"train": split_of([0]), "test": split_of([1])}
    named = {
        split: Split(part.images, part.labels, names=[name])
        for (split, part), name in zip(splits.items(), ["a.png", "b.png"], strict=True)
    }
    found = find_duplicates(named)
    assert duplicate_lines(found, CLASSES, "") == ["the same image: a.png (train, healthy), b.png (test, ill)"]
    assert without_names(found) == find_duplicates(splits)


def test_no_duplicates_no_sentence(data):
    assert duplicate_sentences(find_duplicates(data.splits), {"train": 3, "test": 2}) == []
    assert duplicate_lines(find_duplicates(data.splits), CLASSES, "") == []


def test_identity_follows_content_not_words(tmp_path, medmnist_file):
    entry = medmnist_entry(medmnist_file())
    same = entry.model_copy(update={"title": "Other", "path": "/elsewhere.npz", "license": "X"})
    other = entry.model_copy(update={"classes": ["b", "a"]})
    assert entry_identity("tiny", entry) == entry_identity("tiny", same)
    assert entry_identity("tiny", entry) != entry_identity("tiny", other)
    assert entry_identity("tiny", entry) != entry_identity("small", entry)


def test_preparing_twice_gives_the_same_bytes(tmp_path, medmnist_file):
    path = medmnist_file()
    entry = medmnist_entry(path)
    contents = []
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        (tmp_path / place / path.name).write_bytes(path.read_bytes())
        folder = prepare("tiny", entry, tmp_path / place)
        contents.append([(folder / name).read_bytes() for name in ("images.safetensors", "manifest.json")])
    assert contents[0] == contents[1]


def test_a_damaged_prepared_set_is_made_anew_and_a_whole_one_is_kept(tmp_path, medmnist_file):
    entry = medmnist_entry(medmnist_file())
    folder = prepare("tiny", entry, tmp_path)
    flip(folder)
    assert prepare("tiny", entry, tmp_path) == folder
    read_store(folder)
    original_path("tiny", entry, tmp_path).unlink()
    assert fetch("tiny", entry, tmp_path) == folder  # neither the original nor a network is needed now


def test_availability_says_what_to_do(tmp_path, medmnist_file, image_folder):
    known = registered_datasets()
    assert missing_reason("digits", known["digits"], tmp_path) is None
    assert missing_reason("phantom", known["phantom"], tmp_path) is None
    reason = missing_reason("breastmnist", known["breastmnist"], tmp_path)
    assert "medattn fetch breastmnist" in reason
    assert str(tmp_path / "breastmnist.npz") in reason
    assert "not public" in missing_reason("glaucoma", known["glaucoma"], tmp_path)
    assert missing_reason("tiny", medmnist_entry(medmnist_file()), tmp_path) is None
    image_folder()
    assert missing_reason("mine", entry_of(source={"kind": "folder", "size": 8}), tmp_path) is None
    with pytest.raises(UserError, match="jaffe: not available"):
        prepare("jaffe", known["jaffe"], tmp_path)


def test_path_may_name_the_file_or_its_folder(tmp_path, medmnist_file):
    path = medmnist_file()
    for place in (path, tmp_path):
        assert original_path("tiny", medmnist_entry(path, path=str(place)), Path("data")) == path


def test_planning_needs_no_numerical_library():
    code = "import sys, medattn.plan.availability; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_real_medmnist_files_are_what_the_registry_promises(tmp_path: Path, real_data: Path):
    sentences = {}
    for name in ("breastmnist", "retinamnist"):
        entry = registered_datasets()[name].model_copy(update={"path": str(real_data / f"{name}.npz")})
        manifest = read_store(prepare(name, entry, tmp_path)).manifest
        counts = {split: facts["images"] for split, facts in manifest["splits"].items()}
        sentences[name] = duplicate_sentences(manifest["duplicates"], counts)
    assert sentences["breastmnist"] == [
        "1 of 156 test images is also in train (1 with another label)",
        "1 image has conflicting labels",
    ]
    assert sentences["retinamnist"] == []
