"""OCT2017's layout: train/CNV/CNV-<patient>-<number>.jpeg and so on, in sizes that differ."""

import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medattn.config.load import registered_datasets
from medattn.datasets.prepare import prepare
from medattn.datasets.store import read_store
from medattn.errors import UserError
from medattn.sources.folders.patient_names import patient_in

from .conftest import entry_of

CLASSES = ["CNV", "DME"]
PATIENT = r"[A-Z]+-(\d+)-\d+\.jpeg"
NAMES = {
    "train/CNV": ["CNV-1-1", "CNV-1-2", "CNV-2-1"],
    "train/DME": ["DME-3-1", "DME-4-1"],
    "test/CNV": ["CNV-2-2", "CNV-9-1"],
    "test/DME": ["DME-8-1"],
    "val/CNV": ["CNV-7-1"],
}


def entry(**options):
    source = {"kind": "class_folders", "size": 8, "channels": 1, "patient": PATIENT, **options}
    return entry_of(source=source, classes=CLASSES)


@pytest.fixture
def oct2017(tmp_path):
    root = tmp_path / "oct2017"
    for folder, names in NAMES.items():
        (root / folder).mkdir(parents=True)
        for number, name in enumerate(names):
            pixels = np.full((16 + 4 * number, 24, 3), 60 + 100 * ("DME" in folder), dtype=np.uint8)
            Image.fromarray(pixels).convert("L").save(root / folder / f"{name}.jpeg")
    (root / "train/CNV/.DS_Store").write_bytes(b"x")
    return root


def test_splits_classes_and_patients_are_those_of_the_folders(oct2017):
    data = entry().source.read(entry(), oct2017)
    assert list(data.splits) == ["train", "test"]
    train, test = data.splits["train"], data.splits["test"]
    assert train.images.shape == (5, 8, 8, 1)
    assert train.labels.tolist() == [0, 0, 0, 1, 1]
    assert train.groups == ["1", "1", "2", "3", "4"]
    assert ((train.images[:, 4, 4, 0] > 110) == (train.labels == 1)).all()
    assert test.groups == ["2", "9", "8"]
    assert data.notes == ("1 of 3 test images are of patients who are in train, too",)


def test_other_splits_and_names_of_folders_can_be_read(oct2017):
    with pytest.raises(UserError, match="val: has no folder 'DME'"):
        entry(splits=["train", "val", "test"]).source.read(entry(splits=["train", "val", "test"]), oct2017)
    source = {"kind": "class_folders", "size": 8, "folders": ["CNV", "DME"]}
    plain = entry_of(source=source, classes=["neovascular", "edema"]).source.read(
        entry_of(source=source, classes=["neovascular", "edema"]), oct2017
    )
    assert plain.splits["train"].groups is None
    assert plain.splits["train"].images.shape == (5, 8, 8, 3)


def test_the_folder_that_the_archive_unpacks_to_is_found_and_notes_are_kept(oct2017, tmp_path):
    (tmp_path / "data/oct2017").mkdir(parents=True)
    shutil.move(oct2017, tmp_path / "data/oct2017/OCT2017")
    folder = prepare("oct2017", entry(), tmp_path / "data")
    manifest = read_store(folder).manifest
    assert manifest["notes"] == ["1 of 3 test images are of patients who are in train, too"]
    assert manifest["source_files"][0]["name"] == "images (8 files)"
    before = (folder / "images.safetensors").stat().st_mtime_ns
    assert prepare("oct2017", entry(), tmp_path / "data") == folder
    assert (folder / "images.safetensors").stat().st_mtime_ns == before
    (tmp_path / "data/oct2017/OCT2017/train/CNV/CNV-1-2.jpeg").unlink()
    changed = prepare("oct2017", entry(), tmp_path / "data")
    assert changed != folder
    assert len(read_store(changed).splits["train"].labels) == 4


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda r: shutil.rmtree(r / "test"), "test: no such folder"),
        (lambda r: shutil.rmtree(r / "test/DME"), "test: has no folder 'DME'"),
        (lambda r: (r / "train/CVN").mkdir(), "train: unknown class folder 'CVN'; did you mean 'CNV'?"),
        (lambda r: (r / "train/CNV/notes.txt").write_text("x"), "train/CNV: notes.txt is not an image file"),
        (lambda r: (r / "train/CNV/CNV-1-1.jpeg").rename(r / "train/CNV/one.jpeg"), "one.jpeg does not match patient"),
        (lambda r: (r / "train/CNV/CNV-1-1.jpeg").write_bytes(b"\xff\xd8"), "train/CNV/CNV-1-1.jpeg is not a readable"),
        (lambda r: [f.unlink() for f in (r / "test/DME").iterdir()], "test/DME: holds no image"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_in_a_line(oct2017, damage, message):
    damage(oct2017)
    with pytest.raises(UserError, match=message) as caught:
        entry().source.read(entry(), oct2017)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patient": "("}, "patient is not a regular expression"),
        ({"patient": "x"}, "patient has no group in parentheses"),
        ({"patient": r"(?=CNV)(.*)"}, "patient is not a regular expression"),
        ({"patient": "((((x{99}){99}){99}){99})"}, "patient is not a regular expression"),
        ({"patient": "(" * 300 + ")" * 300}, "patient is longer than 500 characters"),
        ({"splits": ["train", "train"]}, "splits names a split twice"),
        ({"folders": ["CNV"]}, "source.folders should name a folder for each of the 2 classes"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(UserError, match=message):
        entry(**options)


@pytest.mark.parametrize("pattern", ["(a|aa)+b", "((a*)*)*b", "(x+x+)+y", "(.*)(.*)(.*)(.*)(.*)(.*)(.*)Z"])
@pytest.mark.parametrize("name", ["a" * 250, "x" * 250, "a\udcff" * 60])
def test_no_pattern_takes_longer_than_the_name_is_long(pattern, name):
    before = time.process_time()
    with pytest.raises(UserError, match="does not match patient"):
        patient_in(name, pattern, Path("images"))
    assert time.process_time() - before < 10  # a backtracking matcher takes years


def test_original_scans_are_read(tmp_path: Path, real_data: Path):
    root = tmp_path / "oct2017"
    for split in ("train", "test"):
        shutil.copytree(real_data / "oct2017_sample", root / split)
    registered = registered_datasets()["oct2017"]
    listing = registered.source.listing(registered, root)
    assert {image.patient for image in listing.images} == {
        "451136", "53018", "81630", "11053", "30521", "228939", "95633", "12494"
    }  # fmt: skip
    data = registered.source.read(registered, root)
    assert data.splits["train"].images.shape == (9, 299, 299, 1)
    assert data.splits["train"].labels.tolist() == [0, 0, 0, 1, 1, 2, 2, 3, 3]
    with Image.open(root / "train/DRUSEN/DRUSEN-95633-1.jpeg") as image:
        assert image.size == (768, 496)
        whole = np.asarray(image, dtype=float)
    # Area averaging keeps the mean brightness, whatever the size was.
    assert data.splits["train"].images[6].mean() == pytest.approx(whole.mean(), abs=0.5)
    assert data.notes == ("9 of 9 test images are of patients who are in train, too",)
