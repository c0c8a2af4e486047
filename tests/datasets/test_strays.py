"""What lies among images: litter is skipped everywhere, anything else that is no image is named."""

import os
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from medattn.errors import UserError
from medattn.sources.folders.image_files import listed_names

from .conftest import entry_of

LITTER = (".DS_Store", "Thumbs.db", "desktop.ini", "._0.png", "~$labels.xlsx", ".~lock.images.csv#", ".nfs0001",
          "5.png.part", "images.csv~", "0.png:Zone.Identifier")  # fmt: skip
LITTER_FOLDERS = ("@eaDir", "lost+found", "__MACOSX", ".ipynb_checkpoints", "#recycle", "$RECYCLE.BIN")
OTHERS = ("masks.npz", "0.gif", "notes.docx", "labels.csv", "IMG_0001.heic", "DICOMDIR")


@pytest.fixture
def folder(tmp_path):
    """Folders <split>/<class>/ with an image each, in ways that differ in case."""
    for place, name in (("train/a", "0.png"), ("train/b", "1.PNG"), ("test/a", "2.Png"), ("test/b", "3.png")):
        (tmp_path / "set" / place).mkdir(parents=True)
        Image.fromarray(np.full((9, 9), 7 * len(name), np.uint8)).save(tmp_path / "set" / place / name, "PNG")
    return tmp_path / "set"


@pytest.fixture
def entry():
    return entry_of(source={"kind": "class_folders", "size": 8, "channels": 1}, classes=["a", "b"])


def strew(place):
    for name in LITTER:
        (place / name).write_bytes(b"x")
    for name in LITTER_FOLDERS:
        (place / name).mkdir()
        (place / name / "0.png").write_bytes(b"x")


def test_litter_is_skipped_at_every_level(folder, entry):
    before = entry.source.files_now(entry, folder)
    for place in (folder, folder / "train", folder / "train/a", folder / "test/b"):
        strew(place)
    for name in ("README.md", "LICENSE", "License.txt", "ATTRIBUTION.txt"):
        (folder / "train/a" / name).write_text("x")
    assert entry.source.files_now(entry, folder) == before
    assert [len(split.labels) for split in entry.source.read(entry, folder).splits.values()] == [2, 2]


@pytest.mark.parametrize("name", OTHERS)
def test_anything_else_is_an_error_with_its_name(folder, entry, name):
    (folder / "test/a" / name).write_bytes(b"x")
    with pytest.raises(UserError, match=rf"test/a: {name} is not an image file"):
        entry.source.read(entry, folder)


@pytest.mark.parametrize("place", ["", "train", "test"])
def test_an_image_beside_folders_is_an_error_with_its_name(folder, entry, place):
    (folder / place / "list.csv").touch()
    (folder / place / "stray.PNG").touch()
    with pytest.raises(UserError, match=r"stray\.PNG lies beside the folders of images; move it into one"):
        entry.source.read(entry, folder)
    per_class = entry_of(source={"kind": "folder_per_class", "size": 8, "folders": ["a", "b"]}, classes=["a", "b"])
    if place:
        with pytest.raises(UserError, match=r"stray\.PNG lies beside the folders of images"):
            per_class.source.read(per_class, folder / place)


@pytest.mark.parametrize("name", ["more", "x.png"])
def test_a_folder_among_images_is_an_error_with_its_name(folder, entry, name):
    (folder / "test/a" / name).mkdir()
    with pytest.raises(UserError, match=rf"test/a: {name} is not an image file"):
        entry.source.read(entry, folder)


def test_pipes_and_devices_are_refused_at_once(folder, entry, image_folder, folder_entry):
    os.mkfifo(folder / "test/a/x.png")
    with pytest.raises(UserError, match=r"test/a: x\.png is not an image file"):
        entry.source.read(entry, folder)
    (folder / "test/a/x.png").unlink()
    (folder / "test/a/zero.png").symlink_to("/dev/zero")
    with pytest.raises(UserError, match=r"test/a: zero\.png is not an image file"):
        entry.source.read(entry, folder)
    own = image_folder()
    (own / "7.png").unlink()
    os.mkfifo(own / "7.png")
    with pytest.raises(UserError, match=r"row 9: 7\.png is not a file"):
        folder_entry.source.read(folder_entry, own)
    (own / "images.csv").unlink()
    os.mkfifo(own / "images.csv")
    with pytest.raises(UserError, match=r"images\.csv: not a file"):
        folder_entry.source.read(folder_entry, own)


def test_links_stay_inside_the_folder(tmp_path, folder, entry):
    (tmp_path / "linked").symlink_to(folder)  # the folder itself may be a link
    (folder / "train/a/again.png").symlink_to("0.png")
    assert len(entry.source.read(entry, tmp_path / "linked").splits["train"].labels) == 3
    shutil.copy(folder / "train/a/0.png", tmp_path / "secret.png")
    (folder / "train/a/out.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(UserError, match=r"out\.png: leads out of its folder"):
        entry.source.read(entry, folder)
    (folder / "train/a/out.png").unlink()
    shutil.move(folder / "train/b", tmp_path / "b")
    (folder / "train/b").symlink_to(tmp_path / "b")
    with pytest.raises(UserError, match="train/b: leads out of its folder"):
        entry.source.read(entry, folder)


def test_a_row_that_names_litter_is_refused(image_folder, folder_entry):
    own = image_folder([("0.png", "ill", "train"), ("._0.png", "healthy", "test")])
    shutil.copy(own / "0.png", own / "._0.png")
    with pytest.raises(UserError, match=r"row 3: \._0\.png has the name of a hidden or temporary file"):
        folder_entry.source.read(folder_entry, own)


def test_a_name_in_another_case_is_told(folder, entry, image_folder, folder_entry):
    own = image_folder([("0.PNG", "ill", "train"), ("1.png", "healthy", "test")])
    with pytest.raises(UserError, match=r"row 2: 0\.PNG is missing from the folder, but 0\.png is there"):
        folder_entry.source.read(folder_entry, own)
    (own / "images.csv").rename(own / "Images.csv")
    with pytest.raises(UserError, match=r"images\.csv: no such file, but Images\.csv is there"):
        folder_entry.source.read(folder_entry, own)
    (folder / "train/b").rename(folder / "train/B")
    with pytest.raises(UserError, match=r"train: has no folder 'b', but B is there"):
        entry.source.read(entry, folder)
    (folder / "train").rename(folder / "Train")
    with pytest.raises(UserError, match=r"train: no such folder .*, but Train is there"):
        entry.source.read(entry, folder)


def test_folders_that_differ_in_case_only_are_not_passed_over(folder, entry):
    (folder / "train/B").mkdir()
    with pytest.raises(UserError, match="train: unknown class folder 'B'"):
        entry.source.read(entry, folder)


UNPRINTABLE = ("a\nmine: 0 duplicates.png", "\x1b[2K.png", "a\tb.png", "caf\udce9.png", "\u202egnp.png")


@pytest.mark.parametrize("name", UNPRINTABLE)
def test_names_that_cannot_be_shown_are_refused_in_a_line(folder, entry, image_folder, folder_entry, name):
    refused = re.escape(f"the name {name!r} has control characters or bytes that are not UTF-8; rename it")
    per_class = entry_of(source={"kind": "folder_per_class", "size": 8, "folders": ["a", "b"]}, classes=["a", "b"])
    for place in (folder / "train/a" / name, folder / "train/a"):
        (place / name).mkdir() if place.name == "a" else place.touch()
        for source, root in ((entry.source, folder), (per_class.source, folder / "train")):
            with pytest.raises(UserError, match=refused) as caught:
                source.read(entry, root)
            assert "\n" not in str(caught.value)
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    if "\udce9" not in name:  # a table in UTF-8 can't have it
        own = image_folder([(f'"{name}"', "ill", "train")])
        with pytest.raises(UserError, match=refused):
            folder_entry.source.read(folder_entry, own)


@pytest.mark.parametrize("place", ["train", ""])
def test_tables_of_hugging_face_name_no_image_that_cannot_be_shown(tmp_path, place):
    hugging = entry_of(source={"kind": "hf_image_folder", "size": 8})
    (tmp_path / "train").mkdir()
    (tmp_path / place / "metadata.jsonl").write_text('{"file_name": "\\u001b.png", "label": "ill"}')
    with pytest.raises(UserError, match=r"row 1: the name '\\x1b.png' has control characters"):
        hugging.source.read(hugging, tmp_path)
    (tmp_path / "caf\udce9").mkdir()
    with pytest.raises(UserError, match=r"the name 'caf\\udce9' has control characters or bytes"):
        hugging.source.read(hugging, tmp_path)


def test_images_that_differ_in_case_only_are_two(folder, entry):
    shutil.copy(folder / "train/a/0.png", folder / "train/a/0.PNG")
    assert listed_names(folder / "train/a") == ["0.PNG", "0.png"]


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([False, True], "no, off and false without quotes as a truth value, not as a name; put the name in quotes"),
        ([True, "no"], "yes, on and true without quotes as a truth value"),
        ([0, 1], "YAML reads 0 without quotes as a number"),
        (["a", 1.5], "YAML reads 1.5 without quotes as a number"),
        (["a", None], "as nothing, not as a name"),
    ],
)
@pytest.mark.parametrize("key", ["classes", "folders"])
def test_names_that_yaml_reads_as_something_else_are_explained(classes, message, key):
    source = {"kind": "class_folders", "size": 8}
    keys = {"classes": classes, "source": source}
    if key == "folders":
        keys = {"classes": ["a", "b"], "source": {**source, "folders": classes}}
    with pytest.raises(UserError, match=message) as caught:
        entry_of(**keys)
    assert key in str(caught.value)
