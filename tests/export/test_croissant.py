"""`medattn export --croissant`: metadata that mlcroissant accepts and reads."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml
from PIL import Image

from medattn.__main__ import main
from medattn.datasets.store import read_store
from tests.conftest import files_in


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder of data with the prepared data set `phantom`."""
    folder = tmp_path_factory.mktemp("data")
    assert main(["fetch", "phantom", "--data", str(folder)]) == 0
    return folder


@pytest.fixture
def prepared(data, tmp_path, monkeypatch):
    """The folder of the prepared data set."""
    monkeypatch.chdir(tmp_path)
    (folder,) = (data / "prepared").glob("phantom-*")
    return folder


def test_the_metadata_describe_files_splits_and_labels_and_leave_the_data_as_they_are(prepared, data, capsys):
    before = files_in(prepared)
    capsys.readouterr()
    assert main(["export", "--croissant", "phantom", "--data", str(data)]) == 0
    folder = Path("export/phantom/croissant")
    assert capsys.readouterr().out == f"{folder}/croissant.json: phantom, with images.csv\n"
    assert files_in(prepared) == before
    metadata = json.loads((folder / "croissant.json").read_text(encoding="utf-8"))
    assert metadata["license"] == "MIT (made by this software)"
    assert "citeAs" not in metadata and "creator" not in metadata  # the registry does not know them
    files = {file["name"]: file for file in metadata["distribution"]}
    assert set(files) == {"images.safetensors", "manifest.json", "images.csv"}
    for file in files.values():
        found = (folder / file["contentUrl"]).read_bytes()
        assert file["sha256"] == hashlib.sha256(found).hexdigest()
        assert file["contentSize"] == f"{len(found)} B"


def test_mlcroissant_validates_the_metadata_and_reads_the_records(prepared, data, caplog):
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    assert main(["export", "--croissant", "phantom", "--data", str(data), "--to", "described"]) == 0
    dataset = mlcroissant.Dataset(jsonld="described/croissant.json")
    assert dataset.metadata.name == "phantom"
    assert not dataset.metadata.ctx.issues.errors
    assert "@context" not in caplog.text
    classes = [record["classes/name"] for record in dataset.records("classes")]
    assert classes == ["none", "mild", "severe"]
    store = read_store(prepared)
    found = [(r["images/split"].decode(), r["images/label"]) for r in dataset.records("images")]
    assert found == [(key, label) for key, split in store.splits.items() for label in split.labels.tolist()]


def test_a_selection_names_its_own_data_set_and_patients_are_numbered(tmp_path, monkeypatch):
    folder, rows = tmp_path / "mine", ["image,label,split,patient"]
    folder.mkdir()
    for number in range(8):
        Image.new("L", (9, 9), number).save(folder / f"{number}.png")
        split = "train" if number < 6 else "test"
        rows.append(f"{number}.png,{['healthy', 'ill'][number % 2]},{split},Doe {number // 2}")
    (folder / "images.csv").write_text("\n".join(rows), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    source = {"kind": "folder", "size": 8}
    entry = {"title": "Mine", "path": str(folder), "classes": ["healthy", "ill"], "source": source, "citation": "Me"}
    paper = {
        "title": "A",
        "citation": "A",
        "datasets": ["phantom"],
        "arms": {"vanilla": {}},
        "recipe": {"epochs": 1, "learning_rate": 0.1},
        "protocol": {"kind": "fixed_epoch"},
    }
    Path("papers/a").mkdir(parents=True)
    Path("papers/a/paper.yaml").write_text(yaml.safe_dump(paper), encoding="utf-8")
    Path("config.yaml").write_text(
        yaml.safe_dump({"selection": "s", "papers": {"a": {"datasets": ["mine"]}}, "datasets": {"mine": entry}}),
        encoding="utf-8",
    )
    assert main(["fetch", "--config", "config.yaml", "mine"]) == 0
    assert main(["export", "--config", "config.yaml", "--croissant", "mine"]) == 0
    metadata = json.loads(Path("export/mine/croissant/croissant.json").read_text(encoding="utf-8"))
    assert metadata["citeAs"] == "Me" and "license" not in metadata
    table = Path("export/mine/croissant/images.csv").read_text(encoding="utf-8").splitlines()
    assert table[0] == "split,index,label,class,patient"
    assert [line.split(",")[-1] for line in table[1:]] == ["0", "0", "1", "1", "2", "2", "3", "3"]
    assert "Doe" not in json.dumps(metadata) + "".join(table)


@pytest.mark.parametrize("name", ["images.csv", "croissant.json"])
def test_files_of_somebody_else_are_not_replaced(prepared, data, capsys, name):
    folder = Path("mine")
    folder.mkdir()
    (folder / name).write_text("image,label,split\n0.png,a,train\n")
    before = files_in(folder)
    capsys.readouterr()
    assert main(["export", "--croissant", "phantom", "--data", str(data), "--to", "mine"]) == 2
    assert f"mine/{name}: not written by `medattn export`" in capsys.readouterr().err
    assert files_in(folder) == before
    (folder / name).unlink()
    for _ in range(2):
        assert main(["export", "--croissant", "phantom", "--data", str(data), "--to", "mine"]) == 0
