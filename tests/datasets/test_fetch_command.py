import argparse
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from medattn.commands import fetch
from medattn.config.load import registered_datasets
from medattn.errors import UserError

from .conftest import medmnist_entry


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parser = argparse.ArgumentParser()
    fetch.add_arguments(parser)
    return lambda *arguments: fetch.run(parser.parse_args(arguments))


def test_a_line_per_data_set(run, capsys):
    assert run("digits", "phantom") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("digits: train 1437, test 360 images of 8 x 8 x 1, 10 classes; in data/prepared/digits-")
    assert lines[1].startswith("phantom: train 240, test 120 images of 28 x 28 x 1, 3 classes; in data/prepared/")
    assert Path(lines[0].rpartition(" in ")[2], "manifest.json").is_file()


def test_failures_are_a_line_each_and_the_rest_is_done(run, capsys):
    Path("elsewhere").mkdir()
    Path("elsewhere/breastmnist.npz").write_bytes(b"cut")
    assert run("breastmnist", "jaffe", "digits", "--data", "elsewhere") == 2
    out, err = capsys.readouterr()
    assert out.startswith("digits: ")
    assert [line.split(": ")[:2] for line in err.splitlines()] == [
        ["medattn", "breastmnist"],
        ["medattn", "jaffe"],
    ]


def test_an_unknown_name_names_the_nearest(run):
    with pytest.raises(UserError, match="did you mean 'breastmnist'"):
        run("breastmist")


def test_the_list_says_what_is_available_and_how_large_it_is(run, capsys, tmp_path):
    run("digits")
    capsys.readouterr()
    assert run("--list") == 0
    head, *lines, total = capsys.readouterr().out.splitlines()
    assert head.split() == ["data", "set", "images", "classes", "download", "prepared", "state"]
    named = {line.split()[0]: line for line in lines}
    assert list(named) == list(registered_datasets())
    assert named["digits"].endswith("prepared")
    assert named["phantom"].endswith("ready to prepare")
    assert re.search(r"780 +2 +560 kB +~612 kB  not available: run `medattn fetch breastmnist`", named["breastmnist"])
    assert "not available" in named["glaucoma"]
    assert run("--list", "--format", "json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    (folder,) = Path("data/prepared").glob("digits-*")
    on_disk = sum(path.stat().st_size for path in folder.iterdir())
    assert rows["digits"]["prepared"] is True and rows["digits"]["prepared_bytes"] == on_disk
    assert rows["octmnist"]["download_bytes"] is None and rows["jaffe"]["download_bytes"] == 0
    # Both tasks of IDRiD have one archive, which is downloaded and counted once.
    downloads = {row["original"]: row["download_bytes"] or 0 for row in rows.values() if not row["available"]}
    assert rows["idrid_dr"]["original"] == rows["idrid_dme"]["original"]
    assert f"16 downloads left ({sum(downloads.values()) / 1e9:.1f} GB and 10 of unknown size)" in total
    assert total.startswith("23 data sets; 1 prepared (")


def test_only_the_list_has_formats(run):
    with pytest.raises(UserError, match="--format csv: only --list prints rows; give --list, too"):
        run("digits", "--format", "csv")


def test_a_selection_brings_its_own_data_and_unavailable_ones_are_skipped(run, capsys, tmp_path, medmnist_file):
    path = medmnist_file()
    entry = medmnist_entry(path, path=str(path)).model_dump(exclude_unset=True)
    paper = {
        "title": "A",
        "citation": "A",
        "datasets": ["digits", "jaffe"],
        "arms": {"vanilla": {}},
        "recipe": {"epochs": 1, "learning_rate": 0.1},
        "protocol": {"kind": "cross_validated_epochs", "measured_epochs": 1},
    }
    selection = {"selection": "s", "papers": {"a": {}}, "datasets": {"tiny": entry}, "data": "there"}
    Path("papers/a").mkdir(parents=True)
    Path("papers/a/paper.yaml").write_text(yaml.safe_dump(paper), encoding="utf-8")
    Path("my.yaml").write_text(yaml.safe_dump(selection), encoding="utf-8")
    assert run("--config", "my.yaml") == 0
    out = capsys.readouterr().out
    assert "tiny: train 12, val 4, test 6 images of 10 x 10 x 1" in out
    assert "jaffe: skipped, not available" in out
    assert "there/prepared/digits-" in out


def test_without_names_all_is_fetched_that_the_selection_asks_for(run, capsys, tmp_path, monkeypatch):
    paper = {
        "title": "A",
        "citation": "A",
        "datasets": ["digits", "jaffe"],
        "backbones": {"plain": {"model": "timm/resnet18"}, "known": {"model": "timm/resnet34", "weights": "imagenet"}},
        "arms": {"vanilla": {}},
        "recipe": {"epochs": 1, "learning_rate": 0.1},
        "protocol": {"kind": "fixed_epoch"},
    }
    Path("papers/a").mkdir(parents=True)
    Path("papers/a/paper.yaml").write_text(yaml.safe_dump(paper), encoding="utf-8")
    Path("config.yaml").write_text(yaml.safe_dump({"selection": "s", "papers": {"a": {}}}), encoding="utf-8")
    asked = []

    def fetched(model, data):
        asked.append(model)
        raise UserError(f"{model}: could not be reached")

    monkeypatch.setattr(fetch, "_fetched_weights", fetched)
    assert run() == 2
    assert asked == ["timm/resnet34"]
    out, err = capsys.readouterr()
    assert out.startswith("digits: train 1437")
    assert "jaffe: skipped" in out
    assert err == "medattn: timm/resnet34: could not be reached\n"
    assert run("digits") == 0
    assert run("--weights", "timm/resnet50") == 2
    assert asked == ["timm/resnet34", "timm/resnet50"]


def test_duplicates_are_told(run, capsys, tmp_path, medmnist_file, monkeypatch):
    path = medmnist_file(test_images=np.zeros((6, 10, 10), dtype=np.uint8))
    entry = medmnist_entry(path, path=str(path))
    monkeypatch.setattr("medattn.config.load.registered_datasets", lambda: {"tiny": entry})
    assert run("tiny") == 0
    out = capsys.readouterr().out
    assert "5 of 6 test images repeat another one of test; 1 image has conflicting labels" in out
    assert "tiny: the same image: image 0 (test, healthy), image 1 (test, ill), " in out


def test_equal_images_of_a_folder_are_named(run, capsys, image_folder, folder_entry, monkeypatch):
    folder = image_folder()
    shutil.copy(folder / "0.png", folder / "6.png")
    entry = folder_entry.model_copy(update={"path": str(folder)})
    monkeypatch.setattr("medattn.config.load.registered_datasets", lambda: {"mine": entry})
    assert run("mine") == 0
    assert "mine: the same image: 0.png (train, healthy), 6.png (test, healthy)\n" in capsys.readouterr().out
