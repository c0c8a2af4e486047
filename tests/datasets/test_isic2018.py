"""ISIC 2018 task 3 as its archives unpack, and its official tables."""

import csv
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medattn.config.load import registered_datasets
from medattn.errors import UserError

from .conftest import entry_of

CLASSES = ["MEL", "NV", "BCC"]
PARTS = {"Training": (40, 100), "Validation": (6, 200), "Test": (9, 300)}


def entry(**options):
    counts = options.pop("counts", None)
    return entry_of(source={"kind": "isic2018", "size": 8, **options}, classes=CLASSES, counts=counts)


@pytest.fixture
def isic(tmp_path):
    """Labels go round; the training images show twenty lesions, two of a class each."""
    root = tmp_path / "isic2018"
    root.mkdir()
    for part, (count, first) in PARTS.items():
        folder = root / f"ISIC2018_Task3_{part}_Input"
        folder.mkdir()
        (folder / "LICENSE.txt").write_text("terms")
        rows = ["image,MEL,NV,BCC"]
        for index in range(count):
            label = index // 2 % 3
            name = f"ISIC_{first + index:07d}"
            Image.fromarray(np.full((12, 16, 3), 80 * label, dtype=np.uint8)).save(folder / f"{name}.jpg")
            rows.append(f"{name}," + ",".join("1.0" if k == label else "0.0" for k in range(3)))
        stem = f"ISIC2018_Task3_{part}_GroundTruth"
        truth = root / (f"{stem}/{stem}.csv" if part != "Test" else f"{stem}.csv")
        truth.parent.mkdir(exist_ok=True)
        truth.write_text("\r\n".join(rows) + "\r\n")
    lesions = ["lesion_id,image_id,dx,dx_type,age,sex,localization"]
    lesions += [f"HAM_{index // 2:07d},ISIC_{100 + index:07d},nv,histo,80.0,male,back" for index in range(40)]
    (root / "HAM10000_metadata.csv").write_text("\n".join(lesions))
    return root


def sizes(listing):
    return dict(Counter(image.split for image in listing.images))


def test_the_official_parts_are_the_splits(isic):
    data = entry().source.read(entry(), isic)
    assert {name: len(split.labels) for name, split in data.splits.items()} == {"train": 40, "val": 6, "test": 9}
    for split in data.splits.values():
        assert (split.images[:, 0, 0, 0] // 75).tolist() == split.labels.tolist()
        assert split.groups is None
    assert len(data.source_files) == 3 + 1


def test_the_validation_images_can_be_the_test_images(isic):
    listing = entry(split="test_on_validation").source.listing(entry(split="test_on_validation"), isic)
    assert sizes(listing) == {"train": 37, "val": 3, "test": 6}
    assert all("Validation" in i.name for i in listing.images if i.split == "test")
    assert len({image.name for image in listing.images}) == 46


def test_only_whole_batches_of_test_images_can_be_kept(isic):
    options = {"split": "test_on_validation", "counts": {"train": [14, 14, 12], "val": [2, 2, 2], "test": [4, 3, 2]}}
    whole = entry(**options).source.listing(entry(**options), isic)
    listing = entry(**options, whole_batches=4).source.listing(entry(**options, whole_batches=4), isic)
    assert [i.name for i in listing.images if i.split == "test"] == [i.name for i in whole.images if i.split == "test"][
        :4
    ]
    assert listing.notes == ("test images left out, which fill no batch of 4: the last 2",)
    assert (sizes(whole)["test"], sizes(listing)["test"]) == (6, 4)
    assert entry(**options, whole_batches=3).source.listing(entry(**options, whole_batches=3), isic) == whole, (
        "all batches are whole"
    )
    assert (
        len(
            entry(**options, whole_batches=4).source.read(entry(**options, whole_batches=4), isic).splits["test"].labels
        )
        == 4
    )
    with pytest.raises(UserError, match="whole_batches: 7, but there are 6 test images only"):
        entry(**options, whole_batches=7).source.listing(entry(**options, whole_batches=7), isic)


def test_a_random_split_takes_shares_of_each_class_from_the_training_images(isic):
    listing = entry(split="random", val_fraction=0.15, test_fraction=0.3).source.listing(
        entry(split="random", val_fraction=0.15, test_fraction=0.3), isic
    )
    by_class = Counter((image.split, image.label) for image in listing.images)
    assert by_class == {
        ("train", 0): 8, ("val", 0): 2, ("test", 0): 4,
        ("train", 1): 8, ("val", 1): 2, ("test", 1): 4,
        ("train", 2): 6, ("val", 2): 2, ("test", 2): 4,
    }  # fmt: skip
    assert all("Training" in image.name for image in listing.images)
    other = entry(split="random", val_fraction=0.15, test_fraction=0.3, split_seed=1).source.listing(
        entry(split="random", val_fraction=0.15, test_fraction=0.3, split_seed=1), isic
    )
    assert {i.name for i in other.images if i.split == "test"} != {i.name for i in listing.images if i.split == "test"}


def test_lesions_stay_together(isic):
    listing = entry(split="random", split_by="lesion").source.listing(entry(split="random", split_by="lesion"), isic)
    lesions = {split: {i.patient for i in listing.images if i.split == split} for split in ("train", "val", "test")}
    assert sum(map(len, lesions.values())) == 20
    assert all(lesions.values())
    official = entry(split_by="lesion").source.read(entry(split_by="lesion"), isic).splits
    assert len(set(official["train"].groups)) == 20
    assert len(set(official["test"].groups)) == 9


def table(root, part="Training"):
    stem = f"ISIC2018_Task3_{part}_GroundTruth"
    return root / stem / f"{stem}.csv"


def change(path, old, new):
    path.write_text(path.read_text().replace(old, new, 1))


@pytest.mark.parametrize(
    ("damage", "options", "message"),
    [
        (lambda r: (r / "ISIC2018_Task3_Test_Input/ISIC_0000300.jpg").unlink(), {}, "ISIC_0000300.jpg is missing"),
        (lambda r: change(table(r), "ISIC_0000101", "ISIC_0000100"), {}, "row 3: row 2 names ISIC_0000100, too"),
        (lambda r: change(table(r), "ISIC_0000101,1.0", "ISIC_0000101,0.0"), {}, "ISIC_0000101 should have 1 in one"),
        (lambda r: change(table(r), "1.0", "one"), {}, "row 2: could not convert"),
        (lambda r: change(table(r), "BCC", "BBC"), {}, "should have exactly one column 'BCC'"),
        (lambda r: change(table(r), table(r).read_text().split("\n")[5], ""), {}, "jpg: has no row in"),
        (lambda r: shutil.rmtree(r / "ISIC2018_Task3_Test_Input"), {}, "no such folder of images"),
        (lambda r: (r / "HAM10000_metadata.csv").unlink(), {"split_by": "lesion"}, "split_by: lesion needs HAM10000"),
        (lambda r: change(r / "HAM10000_metadata.csv", "ISIC_0000100", "X"), {"split_by": "lesion"}, "has no lesion"),
        (lambda r: change(r / "HAM10000_metadata.csv", "HAM_0000001", "HAM_0000000"), {"split_by": "lesion"},
         "the lesion HAM_0000000 has images of two classes"),
        (lambda r: None, {"counts": {"train": [14, 14, 13], "val": [2, 2, 2], "test": [4, 3, 2]}, "split": "random"},
         "has 12 images of class 'BCC', but `counts` of the data set says 13"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_in_a_line(isic, damage, options, message):
    damage(isic)
    with pytest.raises(UserError, match=message) as caught:
        entry(**options).source.read(entry(**options), isic)
    assert "\n" not in str(caught.value)


def test_official_tables_give_the_registered_counts(tmp_path: Path, real_data: Path):
    registered = registered_datasets()["isic2018"]
    root = tmp_path / "isic2018"
    diagnoses = {}
    with (real_data / "ham10000" / "HAM10000_metadata.csv").open() as stream:
        for row in csv.DictReader(stream):
            diagnoses[row["image_id"]] = row["dx"].upper()
    for part in PARTS:
        folder, stem = root / f"ISIC2018_Task3_{part}_Input", f"ISIC2018_Task3_{part}_GroundTruth"
        folder.mkdir(parents=True)
        truth = root / f"{stem}.csv"
        if part == "Training":
            rows = [",".join(["image", *registered.classes])]
            rows += [f"{k}," + ",".join(str(float(c == v)) for c in registered.classes) for k, v in diagnoses.items()]
            truth.write_text("\n".join(rows))
        else:
            shutil.copy(real_data / "ham10000" / truth.name, truth)
        with truth.open() as stream:
            for row in csv.DictReader(stream):
                (folder / f"{row['image']}.jpg").touch()
    shutil.copy(real_data / "ham10000" / "HAM10000_metadata.csv", root)
    listing = registered.source.listing(registered, root)
    found = Counter((image.split, image.label) for image in listing.images)
    for split, counts in (registered.counts or {}).items():
        assert [found[split, label] for label in range(7)] == counts
    published = {"split": "test_on_validation", "whole_batches": 32}
    paper = registered.model_copy(update={"source": registered.source.model_copy(update=published)})
    assert sizes(paper.source.listing(paper, root))["test"] == 192
    source = registered.source.model_copy(update={"split": "random", "split_by": "lesion"})
    by_lesion = registered.model_copy(update={"source": source}).source.listing(
        registered.model_copy(update={"source": source}), root
    )
    assert len({image.patient for image in by_lesion.images}) == 7470
    shares = {split: count / 10015 for split, count in sizes(by_lesion).items()}
    assert shares == pytest.approx({"train": 0.7, "val": 0.1, "test": 0.2}, abs=0.003)
