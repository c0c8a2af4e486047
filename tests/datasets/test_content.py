"""Data sets are told apart by the content of their originals, whatever path leads to them."""

import os
import shutil
import time

import numpy as np
import pytest

from medattn.datasets.prepare import fetch, prepare
from medattn.datasets.store import read_store
from medattn.errors import UserError
from medattn.plan import original_content
from medattn.plan.availability import identity_now, missing_reason, prepared_path
from medattn.plan.dataset_list import list_datasets
from medattn.plan.original_content import remember_content


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def original(image_folder):
    folder = image_folder()
    age(folder)
    return folder


def age(folder):
    """Let all files look as if they were written an hour ago; their change times stay."""
    for path in folder.rglob("*"):
        os.utime(path, (time.time() - 3600,) * 2)


@pytest.fixture
def settled(monkeypatch):
    monkeypatch.setattr(original_content, "_SETTLED_S", 0.0)


@pytest.fixture
def hashed(monkeypatch):
    """The originals that are hashed, in order."""
    paths = []
    original_content._HASHED.clear()
    real = original_content.content_of
    monkeypatch.setattr(original_content, "content_of", lambda files: paths.append(files) or real(files))
    return paths


def at(entry, path):
    return type(entry).model_validate({**entry.model_dump(exclude_unset=True), "path": str(path)})


def test_another_path_to_the_same_images_is_the_same_data_set(tmp_path, data, original, folder_entry, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(original)
    shutil.copytree(original, tmp_path / "copy")
    paths = [original, f"{original}/", tmp_path / "link", tmp_path / "copy", "~/mine", "mine", f"{original}/../mine"]
    assert len({identity_now("own", at(folder_entry, path), data) for path in paths}) == 1
    first = prepare("own", at(folder_entry, original), data)
    moved = original.rename(tmp_path / "moved")
    assert prepare("own", at(folder_entry, moved), data) == first


@pytest.mark.parametrize("change", ["pixels", "labels", "names", "fewer"])
def test_other_images_under_one_name_are_another_data_set(tmp_path, data, original, folder_entry, change):
    other = tmp_path / "other"
    shutil.copytree(original, other)
    table = other / "images.csv"
    if change == "pixels":
        (other / "7.png").write_bytes((other / "0.png").read_bytes())
    elif change == "labels":
        table.write_text(table.read_text().replace("7.png,ill", "7.png,healthy"))
    elif change == "names":
        (other / "7.png").rename(other / "8.png")
        table.write_text(table.read_text().replace("7.png", "8.png"))
    else:
        table.write_text("".join(table.read_text().splitlines(keepends=True)[:-1]))
    first, second = (prepare("own", at(folder_entry, path), data) for path in (original, other))
    assert first != second
    for path, folder in ((original, first), (other, second)):
        assert prepare("own", at(folder_entry, path), data) == folder
        read_store(folder)


def test_a_changed_original_keeps_what_was_prepared_before(data, original, folder_entry):
    before = prepare("own", at(folder_entry, original), data)
    content = (before / "images.safetensors").read_bytes()
    (original / "7.png").write_bytes((original / "0.png").read_bytes())
    after = prepare("own", at(folder_entry, original), data)
    assert after != before
    assert (before / "images.safetensors").read_bytes() == content
    assert read_store(after).manifest["duplicates"]["repeated_images"] == 1
    assert not np.array_equal(read_store(before).splits["test"].images, read_store(after).splits["test"].images)


@pytest.mark.usefixtures("settled")
def test_images_are_hashed_once_and_again_when_they_change(data, original, folder_entry, hashed):
    entry = at(folder_entry, original)
    first = identity_now("own", entry, data)
    assert not data.exists(), "looking writes nothing"
    remember_content("own", entry, original, data)
    original_content._HASHED.clear()
    del hashed[:]
    assert identity_now("own", entry, data) == first
    assert hashed == []
    content = (original / "3.png").read_bytes()
    (original / "3.png").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    age(original)  # size and time of the last change are as before
    assert identity_now("own", entry, data) != first
    assert len(hashed) == 1


def test_a_content_that_may_still_change_is_not_remembered(data, original, folder_entry):
    (original / "3.png").write_bytes((original / "0.png").read_bytes())
    remember_content("own", at(folder_entry, original), original, data)
    assert not list(data.rglob("*.json"))


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("lost", ["folder", "all files"])
def test_without_the_original_the_prepared_images_are_used(tmp_path, data, original, folder_entry, lost, caplog):
    entry = at(folder_entry, original)
    prepared = prepare("own", entry, data)
    shutil.rmtree(original)
    if lost == "all files":
        original.mkdir()  # as a disk that is not mounted
        (original / ".DS_Store").touch()
    assert missing_reason("own", entry, data) is None
    with caplog.at_level("INFO"):
        assert fetch("own", entry, data) == prepared
    assert f"own: {original / 'images.csv'} is not there; the images that were prepared before are used" in caplog.text
    # On another machine with a copy of the folder of data, under another path:
    assert (
        fetch("own", at(folder_entry, "/gone/elsewhere"), shutil.copytree(data, tmp_path / "copy")).name
        == prepared.name
    )


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: append(path / "images.csv", "7.png,sick,test\n"), "row 10: unknown class 'sick'"),
        (lambda path: (path / "3.png").unlink(), "row 5: 3.png is missing from the folder"),
        (lambda path: (path / "images.csv").unlink(), "images.csv is missing; put it back"),
    ],
)
def test_a_wrong_original_is_not_passed_over(data, original, folder_entry, change, message):
    entry = at(folder_entry, original)
    prepared = prepare("own", entry, data)
    before = identity_now("own", entry, data)
    change(original)
    with pytest.raises(UserError, match=f"^own: .*{message}"):
        fetch("own", entry, data)
    (listed,) = list_datasets({"own": entry}, data)
    assert message in listed.state
    assert not listed.available
    assert identity_now("own", entry, data) == before, "finished numbers stay"
    assert prepare("own", entry, data, planned=prepared.name) == prepared, "a frozen plan names what it needs"


def append(path, text):
    with path.open("a") as stream:
        stream.write(text)


@pytest.mark.usefixtures("settled")
def test_of_two_prepared_sets_the_one_made_from_the_path_is_used(tmp_path, data, original, folder_entry):
    other = shutil.copytree(original, tmp_path / "other")
    (other / "7.png").write_bytes((other / "0.png").read_bytes())
    entries = [at(folder_entry, path) for path in (original, other)]
    prepared = [prepare("own", entry, data) for entry in entries]
    shutil.rmtree(original)
    shutil.rmtree(other)
    assert [prepared_path("own", entry, data) for entry in entries] == prepared
    assert missing_reason("own", at(folder_entry, tmp_path / "third"), data) is not None, "nobody can tell which"


def test_images_that_change_after_planning_are_not_taken_for_the_planned_ones(data, original, folder_entry):
    entry = at(folder_entry, original)
    planned = prepared_path("own", entry, data).name
    (original / "7.png").write_bytes((original / "0.png").read_bytes())
    with pytest.raises(UserError, match=r"own: .* holds other images than when the plan was made"):
        prepare("own", entry, data, planned)
    assert not (data / "prepared" / planned).exists()


@pytest.mark.usefixtures("settled")
def test_damaged_memories_are_not_believed(data, original, folder_entry):
    entry = at(folder_entry, original)
    remember_content("own", entry, original, data)
    (memory,) = data.rglob("*.json")
    right = identity_now("own", entry, data)
    for content in ("", "[]", '{"files": 1}', '{"files": null, "content_sha256": []}', "{" * 50):
        memory.write_text(content)
        assert identity_now("own", entry, data) == right
