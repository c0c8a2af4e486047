"""IDRiD as it unpacks: "1. Original Images", "2. Groundtruths", names that start again in the test set."""

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medattn.config.load import registered_datasets
from medattn.errors import UserError
from medattn.sources import idrid as idrid_source
from medattn.sources import idrid_centers
from medattn.sources.idrid import flipped_positions

from .conftest import entry_of

WIDTH, HEIGHT, COLUMNS = 40, 24, [4, 35]
TABLES = {
    "train": ("a. Training Set", "a. IDRiD_Disease Grading_Training Labels.csv"),
    "test": ("b. Testing Set", "b. IDRiD_Disease Grading_Testing Labels.csv"),
}


def small(**options):
    source = {"kind": "idrid", "task": "retinopathy", "original": [WIDTH, HEIGHT], "columns": COLUMNS, "size": 8}
    return entry_of(source={**source, **options}, classes=["0", "1", "2", "3", "4"])


def ramp(value=0):
    """Brightness rises to the right, so that a flipped image can be told."""
    row = np.linspace(value, 200, WIDTH).astype(np.uint8)
    return Image.fromarray(np.broadcast_to(row[None, :, None], (HEIGHT, WIDTH, 3)).copy())


@pytest.fixture
def idrid(tmp_path):
    """A folder in the original's layout with eight training and three test images."""
    root = tmp_path / "idrid"
    for split, count in (("train", 8), ("test", 3)):
        folder, table = TABLES[split]
        (root / "1. Original Images" / folder).mkdir(parents=True)
        (root / "2. Groundtruths").mkdir(exist_ok=True)
        extra = "," * 9 if split == "train" else ""
        lines = [f"Image name,Retinopathy grade,Risk of macular edema {extra}"]
        for number in range(1, count + 1):
            name = f"IDRiD_{number:03d}"
            ramp(number).save(root / "1. Original Images" / folder / f"{name}.jpg", quality=95)
            lines.append(f"{name},{number % 5},{number % 3}{extra}")
        (root / "2. Groundtruths" / table).write_bytes(("\r\n".join(lines) + "\r\n" + extra + "\r\n").encode())
    return root


def test_right_eyes_are_mirrored_and_columns_cut(idrid):
    data = small().source.read(small(), idrid)
    train = data.splits["train"]
    assert train.images.shape == (8, 8, 8, 3)
    assert train.labels.tolist() == [1, 2, 3, 4, 0, 1, 2, 3]
    rises = [bool(image[0, -1, 0] > image[0, 0, 0]) for image in train.images]
    # Of the first eight, the paper's list mirrors 0 and 6.
    assert rises == [False, True, True, True, True, True, False, True]
    plain = small(flip_right_eyes=False).source.read(small(flip_right_eyes=False), idrid).splits["train"].images
    assert np.array_equal(plain[0][:, ::-1], train.images[0])
    whole = np.asarray(ramp(2), dtype=float)[:, COLUMNS[0] : COLUMNS[1] + 1]
    assert np.abs(plain[1][0, :, 0] - whole[0, :, 0].reshape(8, 4).mean(1)).max() < 4
    assert [file.name for file in data.source_files] == [table for _, table in TABLES.values()] + ["images (11 files)"]


def test_the_other_task_reads_the_other_grade(idrid):
    entry = entry_of(source={**small().source.model_dump(), "task": "macular_edema"}, classes=["0", "1", "2"])
    assert entry.source.read(entry, idrid).splits["train"].labels.tolist() == [1, 2, 0, 1, 2, 0, 1, 2]


def test_the_folder_that_the_archive_unpacks_to_is_found(idrid):
    outer = idrid.parent / "outer"
    shutil.move(idrid, outer / "B. Disease Grading")
    assert len(small().source.read(small(), outer).splits["test"].labels) == 3


def image(root, split, number):
    return root / "1. Original Images" / TABLES[split][0] / f"IDRiD_{number:03d}.jpg"


def change_table(root, old, new):
    path = root / "2. Groundtruths" / TABLES["train"][1]
    path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda root: image(root, "train", 3).unlink(), r"row 4: IDRiD_003.jpg is missing from"),
        (lambda root: image(root, "test", 2).write_bytes(b"no"), r"row 3: .*IDRiD_002.jpg is not a readable image"),
        (
            lambda root: ramp().resize((20, 12)).save(image(root, "train", 1)),
            "has 20 x 12 pixels, but the original has",
        ),
        (lambda root: ramp().save(image(root, "train", 9)), r"IDRiD_009.jpg: has no row in"),
        (lambda root: change_table(root, "IDRiD_002", "IDRiD_001"), r"row 3: row 2 names IDRiD_001, too"),
        (lambda root: change_table(root, "IDRiD_004,4", "IDRiD_004,7"), r"row 5: unknown grade '7'"),
        (
            lambda root: change_table(root, "IDRiD_004,4", "IDRiD_004,"),
            r"row 5: has no value in the column 'Retinopathy",
        ),
        (
            lambda root: change_table(root, "Retinopathy grade", "Grade"),
            "should have exactly one column 'Retinopathy grade'",
        ),
        (lambda root: shutil.rmtree(root / "2. Groundtruths"), "no such table of labels"),
    ],
)
def test_what_is_wrong_is_named_in_a_line(idrid, damage, message):
    damage(idrid)
    with pytest.raises(UserError, match=message) as caught:
        small().source.read(small(), idrid)
    assert "\n" not in str(caught.value)


def test_the_lists_hold_204_training_and_47_test_images():
    positions = flipped_positions()
    assert {split: len(listed) for split, listed in positions.items()} == {"train": 204, "test": 47}
    assert max(positions["train"]) < 413
    assert max(positions["test"]) < 103


@pytest.mark.parametrize("name", ["idrid_dr", "idrid_dme"])
def test_official_labels_give_the_registered_counts_and_flips(tmp_path, real_data: Path, name):
    root = tmp_path / "idrid"
    (root / "2. Groundtruths").mkdir(parents=True)
    for split, count in (("train", 413), ("test", 103)):
        folder, table = TABLES[split]
        shutil.copy(real_data / "idrid" / table, root / "2. Groundtruths" / table)
        (root / "1. Original Images" / folder).mkdir(parents=True)
        for number in range(1, count + 1):
            (root / "1. Original Images" / folder / f"IDRiD_{number:03d}.jpg").touch()
    entry = registered_datasets()[name]
    images = entry.source.list_images(entry, root).images
    assert Counter(image.split for image in images if image.flipped) == {"train": 204, "test": 47}
    for split, counts in (entry.counts or {}).items():
        assert [sum(i.split == split and i.label == label for i in images) for label in range(len(counts))] == counts


def test_images_of_the_original_size(tmp_path):
    """Two training images and one test image of 4288 x 2848 pixels, by the registered entry but for the counts."""
    root = tmp_path / "idrid"
    (root / "2. Groundtruths").mkdir(parents=True)
    pixels = np.zeros((2848, 4288, 3), dtype=np.uint8)
    pixels[:, 260:1973] = 40  # the left half of the columns that stay
    pixels[:, 1973:3686] = 200
    pixels[:, :260], pixels[:, 3686:] = 255, 255  # what is cut off would show
    for split, grades in (("train", [0, 1]), ("test", [0])):
        folder, table = TABLES[split]
        (root / "1. Original Images" / folder).mkdir(parents=True)
        rows = [f"IDRiD_{number:03d},{grade},0" for number, grade in enumerate(grades, start=1)]
        (root / "2. Groundtruths" / table).write_text(
            "\n".join(["Image name,Retinopathy grade,Risk of macular edema", *rows])
        )
        first = image(root, split, 1)
        Image.fromarray(pixels).save(first, quality=90)
        for number in range(2, len(grades) + 1):
            shutil.copy(first, image(root, split, number))
    entry = registered_datasets()["idrid_dr"].model_copy(update={"counts": None})
    data = entry.source.read(entry, root)
    flipped, plain = data.splits["train"].images[0], data.splits["train"].images[1]
    assert flipped.shape == (224, 224, 3)
    assert np.abs(plain[:, :111].astype(int) - 40).max() <= 3
    assert np.abs(plain[:, 113:].astype(int) - 200).max() <= 3
    assert np.array_equal(flipped, plain[:, ::-1])


def test_the_lists_are_whole_numbers_in_order():
    listed = json.loads((Path(idrid_source.__file__).with_name("idrid_flipped.json")).read_text())
    for positions in listed.values():
        assert positions == sorted(set(positions))


def write_centers(root, right_eyes):
    """Part C for the images of `idrid`: a fovea at (20, 12), a disc 10 pixels to one side."""
    part = root / "C. Localization" / "2. Groundtruths"
    for split, files in idrid_centers._FILES.items():
        for kind, file in enumerate(files):
            (part / file).parent.mkdir(parents=True, exist_ok=True)
            lines = ["Image No,X- Coordinate,Y - Coordinate,,"]
            for number in range(1, 9 if split == "train" else 4):
                side = 10 if number - 1 in right_eyes[split] else -10
                lines.append(f"IDRiD_{number:03d},{20 + (side if kind == 0 else 0)},12,,")
            (part / file).write_text("\n".join([*lines, ",,,,"]) + "\n")


def test_the_expected_region_is_a_circle_around_the_fovea(idrid, monkeypatch):
    right = {"train": frozenset({0, 2}), "test": frozenset({1})}
    monkeypatch.setattr(idrid_source, "flipped_positions", lambda: right)
    write_centers(idrid, right)
    region, remark = small(size=64).source.expected_region(idrid)
    assert region.shape == (64, 64) and "contradict" not in remark
    # The disc is 10 / 2.5 = 4 pixels wide: 4 * 64 / 32 columns and 4 * 64 / 24 rows.
    rows, columns = np.nonzero(region)
    assert (np.ptp(columns) + 1, np.ptp(rows) + 1) == (8, 10)
    assert columns.mean() + 0.5 == pytest.approx(32, abs=0.5) and rows.mean() + 0.5 == pytest.approx(32, abs=0.5)


def test_centers_that_contradict_the_lists_and_files_that_are_missing_are_named(idrid, monkeypatch):
    right = {"train": frozenset({0, 2}), "test": frozenset({1})}
    monkeypatch.setattr(idrid_source, "flipped_positions", lambda: right)
    region, remark = small().source.expected_region(idrid)
    assert region is None and "a. IDRiD_OD_Center_Training Set_Markups.csv: no such file" in remark
    write_centers(idrid, {"train": frozenset({0}), "test": frozenset({1, 2})})
    _, remark = small().source.expected_region(idrid)
    assert remark.endswith("the lists of right eyes contradict the centers of train 3, test 3")
