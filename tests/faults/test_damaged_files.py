"""Damaged and missing files: one clear line each, exit code 2, and finished runs stay as they are."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import Project
from tests.datasets.conftest import medmnist_arrays, medmnist_entry

CLASSIFIERS = {
    "arms": {"vanilla": None, "gsa": None, "svm": {"classifier": "svm", "grid": {"options.c": [0.1, 1.0]}}},
    "backbones": None,
    "figures": None,
}


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory) -> Path:
    project = Project(tmp_path_factory.mktemp("classifiers"))
    project.configure(CLASSIFIERS)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.root)
        assert project.medattn("train") == 0
    return project.root


@pytest.fixture
def trained(trained_once, tmp_path, monkeypatch) -> Project:
    shutil.copytree(trained_once, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return Project(tmp_path / "project")


def one_line(capsys) -> str:
    """Return the only line on stderr besides those that log progress."""
    lines = [line for line in capsys.readouterr().err.splitlines() if " INFO train " not in line]
    assert len(lines) == 1, lines
    assert lines[0].startswith("medattn: ")
    return lines[0].removeprefix("medattn: ")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"status": "ok"}', '{"status": 1}', "\x00\x00"])
@pytest.mark.parametrize("stage", ["tune", "train"])
def test_a_garbage_record_is_named_with_what_to_do(trained, capsys, content, stage):
    run = next(run for run in trained.plan().runs.values() if run.stage == stage)
    record = trained.files(run.id).record
    record.write_text(content)
    for pack in (trained.results.folder / "packs").iterdir():
        pack.unlink()
    capsys.readouterr()
    for command in (["train"], ["tune"] if stage == "tune" else ["measure"]):
        assert trained.medattn(*command) == 2
        line = one_line(capsys)
        assert line.startswith(f"{record.relative_to(trained.root)}: not ")
        assert "delete" in line or line.endswith("away and train the run again")
    assert trained.medattn("plan") == 0


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"runs": {"a": 1}, "cells": {"a": 1}}'])
def test_a_garbage_pack_or_choice_is_named(trained, capsys, content):
    plan = trained.plan()
    pack = next(pack for pack in plan.packs.values() if pack.stage == "train")
    trained.files(pack.runs[0]).record.unlink()
    train = ["train", "--plan", "results/trial/plan.json", "--pack", pack.id]
    for path, command in (
        (trained.results.tuned("tiny.phantom.none"), train),
        (trained.results.pack(pack.id), ["plan"]),
    ):
        path.write_text(content)
        capsys.readouterr()
        assert trained.medattn(*command) == 2
        line = one_line(capsys)
        assert line.startswith(f"{path.relative_to(trained.root)}: no") and "delete it" in line


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": 0}'])
def test_a_garbage_plan_is_named(trained, capsys, content):
    trained.results.plan.write_text(content)
    capsys.readouterr()
    assert trained.medattn("measure", "--plan", str(trained.results.plan)) == 2
    assert str(trained.results.plan) in one_line(capsys)


def test_data_deleted_after_planning_are_prepared_again_where_that_is_possible(project):
    project.configure(CLASSIFIERS)
    plan = project.plan()
    assert project.medattn("train", "--plan", str(project.results.plan), "--pack", next(iter(plan.packs))) == 0
    shutil.rmtree(project.root / "data")
    assert project.medattn("train") == 0
    shutil.rmtree(project.root / "data")
    assert project.medattn("train") == 0, "what has ended needs no data"


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (shutil.rmtree, "mine: not available, {folder}/images.csv is missing: put the images there"),
        (
            lambda folder: (folder / "3.png").unlink(),
            "mine: {folder}/images.csv row 5: 3.png is missing from the folder; put it there, or correct the row",
        ),
        (
            lambda folder: (folder / "3.png").rename(folder / "3.PNG"),
            "mine: {folder}/images.csv row 5: 3.png is missing from the folder, but 3.PNG is there, and upper and "
            "lower case must agree; put it there, or correct the row",
        ),
        (
            lambda folder: (folder / "3.png").write_bytes(b"x"),
            "mine: {folder}/images.csv row 5: 3.png is not a readable image (PNG, JPEG, TIFF, BMP, PPM) or is "
            "damaged: cannot identify image file; replace the file",
        ),
    ],
    ids=["folder", "one image", "one name", "one content"],
)
def test_lost_images_are_named_with_data_set_and_remedy(project, capsys, damage, says):
    folder = project.root / "pictures"
    folder.mkdir()
    for number in range(8):
        Image.new("RGB", (8, 8), (30 * number, 0, 9)).save(folder / f"{number}.png")
    rows = [f"{number}.png,{['healthy', 'ill'][number % 2]},{'test' if number > 5 else 'train'}" for number in range(8)]
    (folder / "images.csv").write_text("\n".join(["image,label,split", *rows]) + "\n")
    entry = {"title": "Mine", "source": {"kind": "folder", "size": 8}, "classes": ["healthy", "ill"]}
    project.configure(
        CLASSIFIERS,
        datasets={"mine": {**entry, "path": str(folder)}},
        papers={"tiny": {"datasets": ["mine"]}},
    )
    plan = project.plan()
    shutil.rmtree(project.root / "data", ignore_errors=True)
    damage(folder)
    capsys.readouterr()
    assert project.medattn("train", "--plan", str(project.results.plan), "--pack", next(iter(plan.packs))) == 2
    assert one_line(capsys) == says.format(folder=folder)
    assert not list(project.root.rglob("record.json"))


def test_changed_code_asks_for_a_new_plan(trained, capsys):
    plan = json.loads(trained.results.plan.read_text())
    for cell in plan["cells"].values():
        cell["settings"]["code_digest"] = "0" * 64
    trained.results.plan.write_text(json.dumps(plan))
    capsys.readouterr()
    pack = next(iter(plan["packs"]))
    assert trained.medattn("train", "--plan", str(trained.results.plan), "--pack", pack) == 2
    assert "the code has changed since the plan was made" in one_line(capsys)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def change_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("changes", "damage", "says"),
    [
        ({}, cut, "bytes, but tinymnist.npz has"),
        ({}, change_a_byte, "its MD5 is"),
        ({"train_labels": np.full((12, 1), 7, np.uint8)}, None, "label 7 is outside the 2 classes"),
        ({"train_labels": np.zeros((12, 1), np.uint8)}, None, "has no image of class 'ill'"),
    ],
)
def test_damaged_data_stop_training_with_a_line_and_leave_finished_runs_alone(trained, capsys, changes, damage, says):
    path = trained.root / "tinymnist.npz"
    np.savez_compressed(path, **{**medmnist_arrays(), **changes})
    entry = medmnist_entry(path, path=str(path)).model_dump(exclude_unset=True)
    if damage is not None:
        damage(path)
    before = {p: p.stat().st_mtime_ns for p in (trained.results.folder / "runs").rglob("*")}
    trained.configure(
        CLASSIFIERS, papers={"tiny": {"datasets": ["phantom", "tinymnist"]}}, datasets={"tinymnist": entry}
    )
    for command in (["train"], ["fetch", "tinymnist", "--config", "config.yaml"]):
        capsys.readouterr()
        assert trained.medattn(*command) == 2
        err = capsys.readouterr().err.splitlines()
        assert len(err) == 1
        assert says in err[0]
    assert {p: p.stat().st_mtime_ns for p in (trained.results.folder / "runs").rglob("*")} == before
