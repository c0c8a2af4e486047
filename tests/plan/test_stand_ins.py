"""Stand-ins: which data sets get one, their content, and marks in all outputs."""

import csv
import json

import pytest
import yaml

from medattn.config.load import registered_datasets
from medattn.datasets.check_source import check_source
from medattn.datasets.folds import assign_folds
from medattn.errors import UserError
from medattn.plan.availability import entry_identity, prepared_path
from medattn.plan.plan_file import read_plan
from medattn.plan.stand_ins import stand_in_for

REGISTRY = registered_datasets()
REAL = [name for name in REGISTRY if name not in ("digits", "phantom")]
JAFFE = {"datasets": ["jaffe", "phantom"]}


@pytest.mark.parametrize("name", REAL)
def test_every_registered_data_set_has_a_stand_in(name, tmp_path):
    entry = REGISTRY[name]
    whole = stand_in_for(name, entry, None, None)
    assert whole.source.shape == entry.source.shape
    assert whole.classes == entry.classes
    if entry.counts:
        assert whole.counts == entry.counts
    sums = {split: sum(counts) for split, counts in whole.counts.items()}
    if entry.images:
        assert sums == entry.images
    if entry.per_class:
        assert [sum(column) for column in zip(*whole.counts.values(), strict=True)] == entry.per_class
    small = stand_in_for(name, entry, 16, 0.001)
    data = small.source.read(small, tmp_path)
    check_source(small, data, name)
    train = data.splits["train"]
    assert train.images.shape[1:] == (16, 16, entry.source.shape[1])
    assert (train.groups is not None) == entry.source.has_patients
    assert min(small.counts["train"]) >= min(10, min(whole.counts["train"]))
    assign_folds(train.labels, train.groups, 5, 0)
    assert entry_identity(name, small) != entry_identity(name, whole) != entry_identity(name, entry)


def test_a_stand_in_and_a_phantom_with_the_same_options_are_different_data_sets():
    made = stand_in_for("jaffe", REGISTRY["jaffe"], 16, 0.1)
    assert entry_identity("jaffe", made) != entry_identity("jaffe", made.model_copy(update={"stand_in": None}))
    assert made.source.seed != stand_in_for("idrid_dr", REGISTRY["idrid_dr"], 16, 0.1).source.seed


def test_a_reduced_stand_in_keeps_a_minimum_of_each_class():
    counts = stand_in_for("isic2018", REGISTRY["isic2018"], None, 0.01).counts
    assert counts == {
        "train": [12, 68, 10, 10, 11, 10, 10],
        "val": [4, 4, 4, 4, 4, 1, 3],
        "test": [4, 10, 4, 4, 4, 4, 4],
    }


@pytest.mark.parametrize(
    ("options", "train", "val", "test"),
    [
        ({"split": "test_on_validation"}, 9013, 1002, 193),
        ({"split": "random"}, 7011, 1002, 2002),
        ({"split": "random", "split_by": "lesion"}, 7011, 1002, 2002),
    ],
)
def test_stand_ins_follow_the_split_options_of_the_source(options, train, val, test):
    entry = REGISTRY["isic2018"]
    made = stand_in_for("x", entry.model_copy(update={"source": entry.source.model_copy(update=options)}), None, None)
    assert {k: sum(v) for k, v in made.counts.items()} == pytest.approx(
        {"train": train, "val": val, "test": test}, abs=3
    )
    assert bool(made.source.images_per_patient) == ("split_by" in options)


def test_a_stand_in_has_whole_batches_if_the_source_asks_for_them():
    entry = REGISTRY["isic2018"]
    wanted = entry.source.model_copy(update={"split": "test_on_validation", "whole_batches": 32})
    counts = stand_in_for("x", entry.model_copy(update={"source": wanted}), None, None).counts
    assert (sum(counts["test"]), len(counts["test"])) == (192, 7)
    assert [whole - left for whole, left in zip(entry.counts["val"], counts["test"], strict=True)].count(0) == 6


def stand_ins(project, **selection):
    project.configure(JAFFE, stand_ins=True, stand_in_size=12, stand_in_fraction=0.05, **selection)


def test_only_unavailable_data_sets_get_stand_ins(project):
    stand_ins(project)
    plan = project.plan()
    assert {cell.dataset for cell in plan.cells.values() if cell.stand_in} == {"jaffe"}
    assert not [cell for cell in plan.cells.values() if cell.missing]
    with project.results.plan_table.open() as stream:
        marked = {(row["dataset"], row["stand_in"]) for row in csv.DictReader(stream)}
    assert marked == {("jaffe", "true"), ("phantom", "false")}
    project.configure(JAFFE)
    assert {cell.dataset for cell in project.plan().cells.values() if cell.missing} == {"jaffe"}


def test_a_data_set_can_require_or_exclude_a_stand_in(project, capsys):
    project.configure(JAFFE, datasets={"jaffe": {"stand_in": True}}, stand_in_size=12, stand_in_fraction=0.05)
    assert project.medattn("plan") == 0
    assert "stand-ins, not the papers' images: JAFFE" in capsys.readouterr().out
    assert {cell.dataset for cell in project.plan().cells.values() if cell.stand_in} == {"jaffe"}
    stand_ins(project, datasets={"jaffe": {"stand_in": False}})
    assert not any(cell.stand_in for cell in project.plan().cells.values())


def test_newly_available_data_replace_the_stand_in_in_a_new_plan_but_not_in_a_written_one(project, capsys):
    stand_ins(project)
    frozen = project.plan()
    (project.root / "data/jaffe").mkdir(parents=True)
    (project.root / "data/jaffe/ratings.txt").write_text("x")
    assert project.medattn("fetch", "jaffe", "--plan", str(project.results.plan)) == 0
    out = capsys.readouterr().out
    assert "stand-in images of 12 x 12 x 3, 6 classes" in out
    prepared = {cell.prepared for cell in frozen.cells.values() if cell.dataset == "jaffe"}
    assert [str(path.parent) for path in (project.root / "data/prepared").glob("*/manifest.json")] == [
        str(project.root / folder) for folder in prepared
    ]
    assert read_plan(project.results.plan).cells == frozen.cells
    assert not any(cell.stand_in for cell in project.plan().cells.values())


def test_without_counts_there_is_no_stand_in(project, capsys):
    mine = {"title": "Mine", "classes": ["a", "b"], "source": {"kind": "folder", "size": 16}}
    project.configure({}, stand_ins=True, datasets={"mine": mine}, papers={"tiny": {"datasets": ["mine"]}})
    assert all("images.csv is missing" in cell.missing for cell in project.plan().cells.values())
    project.configure({}, datasets={"mine": {**mine, "stand_in": True}}, papers={"tiny": {"datasets": ["mine"]}})
    capsys.readouterr()
    assert project.medattn("plan") == 2
    assert "datasets.mine.stand_in: no stand-in can be made" in capsys.readouterr().err


def test_a_stand_in_for_an_embedded_data_set_is_an_error(project, capsys):
    project.configure({}, datasets={"phantom": {"stand_in": True}})
    assert project.medattn("plan") == 2
    assert "images of the source 'phantom' are always available; remove stand_in" in capsys.readouterr().err


def test_all_outputs_from_stand_ins_are_marked(project):
    arms = {"lr": {"classifier": "logistic_regression"}, "svm": {"classifier": "svm"}, "vanilla": None, "gsa": None}
    project.configure(
        {"datasets": ["jaffe", "phantom"], "arms": arms, "backbones": None, "figures": None},
        stand_ins=True,
        stand_in_size=12,
        stand_in_fraction=0.05,
    )
    for command in ("train", "measure", "compare", "render"):
        assert project.medattn(command) == 0
    for run in project.plan().runs.values():
        assert project.record(run.id)["data"]["stand_in"] == ("jaffe" in run.cell)
    manifest = json.loads((project.root / prepared_of(project, "jaffe") / "manifest.json").read_text())
    assert manifest["stand_in"] is True
    with project.results.measurements.open() as stream:
        rows = list(csv.DictReader(stream))
    assert {(row["dataset"], row["stand_in"]) for row in rows} == {("jaffe", "True"), ("phantom", "False")}
    table = (project.results.tables / "tiny-table.md").read_text()
    assert "†" in table
    assert "Stand-in images were used for: JAFFE" in (project.results.captions / "tiny-table.rst").read_text()


def prepared_of(project, dataset):
    return next(cell.prepared for cell in project.plan().cells.values() if cell.dataset == dataset)


def test_a_stand_in_has_a_separate_folder(project):
    stand_ins(project)
    real = prepared_path("jaffe", REGISTRY["jaffe"], project.root / "data")
    assert prepared_of(project, "jaffe").rpartition("/")[2] != real.name


def test_the_plan_contains_the_selection(project):
    stand_ins(project)
    project.plan()
    assert yaml.safe_load((project.root / "config.yaml").read_text())["stand_in_size"] == 12
    assert read_plan(project.results.plan).configuration["stand_in_fraction"] == 0.05


def test_a_fraction_of_zero_is_an_error(project):
    project.configure({}, stand_in_fraction=0.0)
    with pytest.raises(UserError, match="stand_in_fraction"):
        from medattn.config.load import read_configuration

        read_configuration(project.root / "config.yaml", project.root)
