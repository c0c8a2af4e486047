"""What `medattn new` writes: it is planned at once, agrees with the schemas, and never replaces a file."""

import csv
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from medattn.__main__ import main
from medattn.config.load import read_configuration, resolve
from medattn.config.mechanisms import mechanism_names
from medattn.config.yaml_files import read_yaml
from medattn.metrics.registry import METRICS
from medattn.metrics.scored import Scored
from medattn.plan.expand import make_plan
from medattn.plan.progress import Progress
from medattn.plan.show import plan_lines
from medattn.sources.folder_per_class import FolderPerClassSource

ROOT = Path(__file__).parents[2]
KINDS = ("paper", "dataset", "mechanism", "figure", "metric")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


def new(*arguments: str) -> None:
    assert main(["new", *arguments]) == 0


def schema_errors(path: Path) -> list[str]:
    """Return the errors of a YAML file against the schema that its first line names."""
    (named,) = re.findall(r"^# yaml-language-server: \$schema=(\S+)\n", path.read_text(encoding="utf-8"))
    schema = json.loads((path.parent / named).read_text(encoding="utf-8"))
    return [error.message for error in Draft202012Validator(schema).iter_errors(read_yaml(path))]


@pytest.mark.parametrize("name", ["mine-2", "a" * 40])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_can_be_planned_without_warnings(folder, capsys, kind, name):
    new(kind, name)
    *written, last = capsys.readouterr().out.splitlines()
    files = [Path(line.removeprefix("written: ")) for line in written]
    assert all(path.is_file() for path in files)
    assert last == f"next: medattn run -c config/{name}.yaml"
    plan = make_plan(read_configuration(Path("config", f"{name}.yaml"), Path()))
    assert plan.packs and not any(cell.missing for cell in plan.cells.values())
    assert resolve(plan.configuration, Path(), "plan.json").papers, "jobs read the frozen plan"
    assert "warning" not in "\n".join(plan_lines(plan, Progress(frozenset(), {})))
    assert [path for path in files if path.suffix == ".yaml"]
    assert {path: schema_errors(path) for path in files if path.suffix == ".yaml"} == {
        path: [] for path in files if path.suffix == ".yaml"
    }


@pytest.mark.parametrize("kind", KINDS)
def test_no_file_is_replaced_and_none_is_written_beside_one(folder, capsys, kind):
    new(kind, "mine")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    selection = folder / "config" / "mine.yaml"
    selection.write_text("mine")
    before[selection] = b"mine"
    removed = next(path for path in before if path.parent.name != "schemas" and path != selection)
    removed.unlink()
    del before[removed]
    assert main(["new", kind, "mine"]) == 2
    assert "already" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mechanism", "Mine"], "a name of at most 40 lower-case letters"),
        (["metric", "../x"], "a name of at most 40 lower-case letters"),
        (["paper", "a" * 41], "a name of at most 40 lower-case letters"),
        (["metric", "2nd"], "begin with a letter"),
        (["metric", "class"], "begin with a letter"),
        (["figure", "statistics"], "'statistics' is the name of an installed module"),
        (["figure", "numpy"], "'numpy' is the name of an installed module"),
        (["mechanism", "ppcr"], "'ppcr' is the name of a mechanism"),
        (["mechanism", "vanilla"], "'vanilla' is the name of a mechanism or arm"),
        (["paper", "gsa"], "there is a paper 'gsa' already"),
        (["paper", "phantom"], "there is a data set 'phantom' already"),
        (["dataset", "digits"], "there is a data set 'digits' already"),
        (["mechanism", "mine", "--dataset", "phantm"], "did you mean 'phantom'?"),
        (["dataset", "mine", "--images", "nowhere"], "nowhere: no such folder"),
        (["metric", "mine", "--images", "."], "--images belongs to `medattn new dataset`"),
        (["dataset", "mine", "--dataset", "x"], "--dataset belongs to `medattn new mechanism`"),
    ],
)
def test_names_that_cannot_be_used_are_refused_in_one_line(folder, capsys, arguments, message):
    assert main(["new", *arguments]) == 2
    shown = capsys.readouterr().err
    assert message in shown and shown.count("\n") == 1
    assert not list(folder.iterdir())


def test_another_folder_is_filled_and_named(folder, capsys):
    new("metric", "mine", "--into", "a b")
    assert "written: a b/mine.py" in (shown := capsys.readouterr().out)
    assert "next: cd 'a b' && medattn run -c config/mine.yaml" in shown
    (folder / "file").write_text("")
    assert main(["new", "metric", "mine", "--into", "file"]) == 2


def deep_images(folder: Path, *classes: str) -> None:
    for position, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for number in range(8):
            values = np.full((20, 24), 1000 + 500 * position + number, np.uint16)
            Image.fromarray(values).save(folder / name / f"{number}.png")


def test_a_folder_of_16_bit_images_is_ready_to_train(folder, capsys):
    deep_images(folder / "photos", "b", "a", "no")
    new("dataset", "cells", "--images", "photos")
    entry = read_yaml(Path("config/datasets/cells.yaml"))["cells"]
    assert entry["classes"] == ["a", "b", "no"] and entry["source"]["size"] == 20
    assert entry["source"]["window"] == {"low": 1000, "high": 2007}
    assert main(["fetch", "cells"]) == 0
    assert "cells: train 18, test 6 images of 20 x 20 x 3, 3 classes" in capsys.readouterr().out
    assert main(["export", "--croissant", "cells"]) == 0
    assert "cells" in capsys.readouterr().out
    new("mechanism", "gate", "--dataset", "cells")
    plan = make_plan(read_configuration(Path("config/gate.yaml"), Path()))
    assert {cell.dataset for cell in plan.cells.values()} == {"cells"} and plan.packs


def test_folders_of_splits_and_tables_are_recognized(folder, capsys):
    deep_images(folder / "split" / "train", "a", "b")
    deep_images(folder / "split" / "test", "a", "b")
    new("dataset", "splits", "--images", "split")
    deep_images(folder / "table", "x")
    rows = [(f"x/{n}.png", ("ill", "well")[n % 2], "test" if n > 5 else "train") for n in range(8)]
    with (folder / "table" / "images.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("image", "label", "split"), *rows])
    (folder / "table").rename(folder / "~table")
    new("dataset", "tables", "--images", "./~table")
    assert main(["fetch", "splits", "tables"]) == 0
    shown = capsys.readouterr().out
    assert "splits: train 16, test 16 images" in shown and "tables: train 6, test 2 images" in shown
    (folder / "one" / "a").mkdir(parents=True)
    assert main(["new", "dataset", "one", "--images", "one"]) == 2
    assert "found 1 class folders" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a\nb", "a\x85", "caf\udce9"])
@pytest.mark.parametrize("place", ["photos/{}/0.png", "photos/b/{}.png", "photos/train/{}/0.png", "{}/a/0.png"])
def test_names_that_cannot_be_written_are_refused_in_one_line(folder, capsys, name, place):
    path = Path(place.format(name))
    splits = ("train", "test") if "train" in place else ("",)
    for inside in (path, *(Path(path.parts[0], split, each, "1.png") for split in splits for each in ("a", "b"))):
        inside.parent.mkdir(parents=True, exist_ok=True)
        inside.touch()
    assert main(["new", "dataset", "cells", "--images", path.parts[0]]) == 2
    shown = capsys.readouterr().err
    assert "has control characters or bytes that are not UTF-8; rename it" in shown and shown.count("\n") == 1
    assert not Path("config").exists()


@pytest.mark.parametrize("content", [b"", b"P5 8 8 70000 ", b"P5 99999 99999 255 ", b"P5 9 9 255 cut"])
def test_a_damaged_image_is_named_in_one_line(folder, capsys, content):
    deep_images(folder / "photos", "a", "b")
    Path("photos/b/x.pgm").write_bytes(content)
    assert main(["new", "dataset", "cells", "--images", "photos"]) == 2
    shown = capsys.readouterr().err
    assert "photos/b/x.pgm is " in shown and "traceback" not in shown and shown.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image;label;split\n0.png;a;train\n", "exactly one column 'image'; found: image;label;split"),
        ('image,label\n0.png,"a\nb"\n1.png,c\n', r"row 3: the name 'a\nb' has control characters"),
        ("image,label\n0.png,a\n1.png,a\n", "names 1 classes; at least two are needed"),
    ],
)
def test_a_table_of_other_columns_or_names_is_explained(folder, capsys, text, message):
    Path("photos").mkdir()
    Path("photos/images.csv").write_text(text, encoding="utf-8")
    assert main(["new", "dataset", "cells", "--images", "photos"]) == 2
    assert message in capsys.readouterr().err


def test_images_of_a_patient_stay_in_one_split(folder):
    for name in ("a", "b"):
        (folder / name).mkdir()
        for number in range(12):
            Image.new("L", (8, 8), number).save(folder / name / f"p{number // 3}-{number}.png")
    source = FolderPerClassSource(
        kind="folder_per_class", size=8, folders=["a", "b"], patient=r"(p\d+)-.*", test_fraction=0.25
    )
    images = source.list_images(None, folder).images
    assert {image.split for image in images} == {"train", "test"}
    splits = {who: {image.split for image in images if image.patient == who} for who in ("p0", "p1", "p2", "p3")}
    assert all(len(found) == 1 for found in splits.values())
    assert sum(image.split == "test" for image in images) == 6


def test_the_mechanism_passes_its_test_and_the_style_and_types_of_the_project(folder):
    new("mechanism", "my-gate")
    new("metric", "my-metric")
    new("figure", "my-figure")
    runpy.run_path("test_my_gate.py")["test_the_output_equals_the_equation"]()
    files = [str(path) for path in sorted(folder.glob("*my_*.py"))]
    assert len(files) == 4
    inside = ["--no-cache", "--config", str(ROOT / "pyproject.toml"), "--config", f"src=['{ROOT / 'workflow'}']"]
    for tool in (["check", "--ignore", "S101,D103"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *tool, *inside, *files]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_metric_is_the_lowest_recall(folder):
    new("metric", "my-lowest")
    scores = np.eye(3)[[0, 0, 1, 1, 1, 2]]
    found = METRICS["my_lowest:my_lowest"].values(Scored(scores, np.array([0, 0, 1, 1, 2, 2]), ("a", "b", "c")))
    assert [values.values.tolist() for values in found] == [[50.0]]
    assert METRICS["my_lowest:my_lowest"].title == "My lowest"
    assert "my_lowest:my_lowest" not in list(METRICS)


def test_a_moved_mechanism_would_be_found_by_the_contract_tests():
    template = (ROOT / "workflow/medattn/scaffolds/templates/mechanism.py.txt").read_text(encoding="utf-8")
    assert '@register("$module")' in template and "my_gate" not in mechanism_names()
