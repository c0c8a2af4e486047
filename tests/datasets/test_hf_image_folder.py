"""Image folders of Hugging Face: metadata.csv or metadata.jsonl beside the folders of splits, or in each of them."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medattn.errors import UserError

from .conftest import entry_of

ROWS = {"train": ["healthy", "ill", "ill"], "validation": ["healthy"], "test": ["ill", "healthy"]}


def entry(**source):
    return entry_of(source={"kind": "hf_image_folder", "size": 8, **source})


def picture(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((9, 9), value, dtype=np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path):
    """A folder with a metadata.csv in each split; the value of each picture is its number, times 20."""
    root, number = tmp_path / "hf", 0
    for split, labels in ROWS.items():
        lines = ["file_name,label"]
        for position, label in enumerate(labels):
            picture(root / split / f"{position}.png", 20 * number)
            lines.append(f"{position}.png,{label}")
            number += 1
        (root / split / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (root / "README.md").write_text("A data set card", encoding="utf-8")
    return root


def one_table(folder: Path, **more: object) -> Path:
    """Replace the tables of the splits by one metadata.jsonl beside them, with positions as labels."""
    lines = []
    for split, labels in ROWS.items():
        (folder / split / "metadata.csv").unlink()
        for position, label in enumerate(labels):
            row = {"file_name": f"{split}/{position}.png", "label": int(label == "ill"), **more}
            lines.append(json.dumps(row))
    table = folder / "metadata.jsonl"
    table.write_text("\n".join(lines) + "\n\n", encoding="utf-8")
    return table


def test_both_layouts_give_the_same_images(folder):
    read = entry().source.read(entry(), folder)
    assert {split: data.labels.tolist() for split, data in read.splits.items()} == {
        "train": [0, 1, 1],
        "val": [0],
        "test": [1, 0],
    }
    assert read.splits["test"].images[:, 0, 0, 0].tolist() == [80, 100]
    assert [file.name for file in read.source_files] == [*["metadata.csv"] * 3, "images (6 files)"]
    assert entry().source.is_there(folder)
    one_table(folder)
    again = entry().source.read(entry(), folder)
    for split, data in read.splits.items():
        assert np.array_equal(again.splits[split].images, data.images)
        assert again.splits[split].labels.tolist() == data.labels.tolist()
    assert again.source_files[-1] == read.source_files[-1]


def test_a_folder_without_splits_is_one_pool(tmp_path):
    root = tmp_path / "pool"
    for number in range(4):
        picture(root / "images" / f"{number}.png", number)
    rows = [f"images/{number}.png,{number % 2}" for number in range(4)]
    (root / "metadata.csv").write_text("\n".join(["file_name,label", *rows]), encoding="utf-8")
    data = entry().source.read(entry(), root)
    assert list(data.splits) == ["train"]
    assert data.splits["train"].labels.tolist() == [0, 1, 0, 1]


def test_declared_columns_are_read_or_ignored(folder):
    one_table(folder, person="p", site=3)
    with pytest.raises(UserError, match=r"row 1: unknown column '\w+'.*declare it under ignored_columns of the source"):
        entry().source.read(entry(), folder)
    with pytest.raises(UserError, match=r"row 4: patient p is in split 'val', but in 'train' in .* row 1"):
        declared = entry(patient="person", ignored_columns=["site"])
        declared.source.read(declared, folder)
    ignoring = entry(ignored_columns=["site", "person"])
    assert ignoring.source.read(ignoring, folder).splits["train"].groups is None


def _no_label(root):
    (root / "test/metadata.csv").write_text("file_name,class\n0.png,ill\n1.png,ill\n", encoding="utf-8")


def _other_class(root):
    (root / "test/metadata.csv").write_text("file_name,label\n0.png,il\n1.png,ill\n", encoding="utf-8")


def _outside(root):
    (root / "test/metadata.csv").write_text("file_name,label\n../train/0.png,ill\n", encoding="utf-8")


def _twice(root):
    (root / "test/metadata.csv").write_text("file_name,label\n0.png,ill\n./0.png,ill\n", encoding="utf-8")


def _nested(root):
    (root / "test/metadata.csv").unlink()
    (root / "test/metadata.jsonl").write_text('{"file_name": "0.png", "label": ["ill"]}\n', encoding="utf-8")


def _no_json(root):
    (root / "test/metadata.csv").unlink()
    (root / "test/metadata.jsonl").write_text('{"file_name": \n', encoding="utf-8")


def _repeated(root):
    (root / "test/metadata.csv").unlink()
    row = '{"file_name": "0.png", "label": "ill", "label": "healthy"}'
    (root / "test/metadata.jsonl").write_text(f"{row}\n", encoding="utf-8")


def _long(root):
    (root / "test/metadata.csv").unlink()
    row = json.dumps({"file_name": "0.png", "label": "ill", "more": [0] * (1 << 16)})
    (root / "test/metadata.jsonl").write_text(f"{row}\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_repeated, r"row 1: names 'label' twice; keep one value"),
        (_long, r"row 1: has \d+ characters; rows of up to 131072 are read"),
        (lambda root: (root / "test/metadata.csv").unlink(), r"test: has no metadata.csv or metadata.jsonl"),
        (lambda root: (root / "test/metadata.jsonl").touch(), r"metadata.jsonl: metadata.csv is the same table"),
        (lambda root: (root / "metadata.csv").write_text("file_name,label\n"), r"already names the images"),
        (lambda root: (root / "test/metadata.parquet").touch(), r"Parquet is not read; save the table as metadata.csv"),
        (lambda root: (root / "tst").mkdir(), r"unknown split folder 'tst'; did you mean 'test'?"),
        (lambda root: (root / "val").mkdir(), r"val and validation are both the split 'val'"),
        (lambda root: picture(root / "test/9.png", 9), r"test/9.png: has no row in the table"),
        (lambda root: (root / "test/notes.docx").touch(), r"notes.docx: not an image file"),
        (lambda root: (root / "test/0.png").unlink(), r"row 2: 0.png is missing from the folder"),
        (_no_label, r"row 2: has no column 'label'; found: file_name, class"),
        (_other_class, r"row 2: unknown class 'il'; did you mean 'ill'?"),
        (_outside, r"row 2: ../train/0.png lies outside the folder"),
        (_twice, r"row 3: test/0.png is in .*metadata.csv row 2 as well"),
        (_nested, r"row 1: label is no text"),
        (_no_json, r"row 1: not a JSON file"),
    ],
)
def test_what_is_not_declared_is_refused_in_one_line(folder, damage, message):
    damage(folder)
    with pytest.raises(UserError, match=message) as caught:
        entry().source.read(entry(), folder)
    assert "\n" not in str(caught.value)


def test_a_column_is_declared_once():
    with pytest.raises(UserError, match="the column 'label' is declared twice"):
        entry(ignored_columns=["label"])
