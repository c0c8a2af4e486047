"""Finished runs stay planned and measured, whatever became of their images, selection or code."""

import json
import shutil
from collections.abc import Callable

import pandas as pd
import pytest

from medattn.plan import expand
from tests.conftest import Project

from .conftest import ENTRY, configure, content


def measured(project: Project) -> pd.DataFrame:
    table = pd.read_csv(project.results.measurements)
    return table[table["status"] == "measured"]


def test_moved_images_change_no_number(trained):
    before = trained.results.measurements.read_bytes()
    (trained.root / "pictures").rename(trained.root / "elsewhere")
    plan = trained.plan()
    assert {cell.missing is not None for cell in plan.cells.values()} == {True}
    assert not plan.packs
    graph = json.loads(trained.results.graph.read_text())
    assert not graph["packs"]
    assert not graph["datasets"]
    assert not graph["measured"]
    assert trained.medattn("measure") == 0
    assert trained.results.measurements.read_bytes() == before


def test_unfinished_runs_of_a_cell_without_images_are_missing_with_the_reason(trained, capsys):
    configure(trained, seeds=[0, 1, 2, 3, 4])
    (trained.root / "pictures").rename(trained.root / "elsewhere")
    plan = trained.plan()
    assert len(plan.runs) == 2 * 5
    assert trained.medattn("measure") == 0
    table = pd.read_csv(trained.results.measurements)
    over = table[(table["procedure"] == "runs") & (table["arm"] == "se") & (table["metric"] == "accuracy")].iloc[0]
    assert (over["n"], over["status"]) == (3, "measured")
    assert over["reason"].startswith("3 of 5 runs; seeds 3, 4: not available")
    capsys.readouterr()
    assert trained.medattn("plan", "--format", "csv") == 0
    assert ",5,0,3,false," in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda p: configure(p, seeds=[0, 1]), "seed 2 is not asked for"),
        (lambda p: configure(p, {"arms": {"gsa": None}}), "tiny.mine.net.se: not in the selection"),
        (lambda p: configure(p, {"recipe": {"epochs": 3}}), "recipe.epochs: 2, now 3"),
        (
            lambda p: configure(p, datasets={"mine": {**ENTRY, "source": {"kind": "folder", "size": 12}}}),
            "its images or their settings have changed",
        ),
        (lambda p: configure(p, datasets={"mine": {**ENTRY, "stand_in": True, "images": {"train": 16, "test": 8}}}),
         "stand-ins replace its images"),
        (lambda p: configure(p, of_paper={"arms": ["vanilla"]}), "tiny.mine.net.se: not in the selection"),
    ],
)  # fmt: skip
def test_a_plan_with_fewer_numbers_stops_until_it_is_allowed(
    trained, capsys, change: Callable[[Project], None], says: str
):
    change(trained)
    before, count = content(trained), len(measured(trained))
    capsys.readouterr()
    for command in (["plan", "--write"], ["measure"], ["compare"], ["train"], ["render"]):
        assert trained.medattn(*command) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert says in line
        assert "--allow-fewer" in line
        assert content(trained) == before
    assert trained.medattn("plan") == 0
    out = capsys.readouterr().out
    assert "changes to the plan in the results folder" in out
    assert "not to be written without --allow-fewer" in out
    assert content(trained) == before
    assert trained.medattn("plan", "--write", "--allow-fewer") == 0
    assert trained.medattn("measure") == 0
    assert len(measured(trained)) < count
    assert len(list(trained.results.folder.glob("runs/*/*/record.json"))) == 6


def test_other_code_stops_too(trained, capsys, monkeypatch):
    monkeypatch.setattr(expand, "code_digest", lambda *_: "0" * 64)
    assert trained.medattn("plan", "--write") == 2
    assert "the code has changed" in capsys.readouterr().err


def test_a_metric_that_is_not_asked_for_any_more_stops(trained, capsys):
    configure(trained, of_paper={"extra_metrics": ["auc"]})
    trained.plan()
    assert trained.medattn("measure") == 0
    configure(trained)
    assert trained.medattn("plan", "--write") == 2
    assert "the metric auc is not asked for" in capsys.readouterr().err


def test_more_cells_and_seeds_are_always_welcome(trained):
    arms = {"gsa": None, "se": {"mechanism": "se"}, "gc": {"mechanism": "gc"}}
    configure(trained, {"arms": arms}, seeds=[0, 1, 2, 3])
    assert len(trained.plan().runs) == 3 * 4


def test_a_lost_record_stops_the_measuring_before_anything_is_overwritten(trained, capsys):
    run = next(run for run in trained.plan().runs.values() if run.seed == 1)
    trained.files(run.id).record.unlink()
    before = content(trained)
    capsys.readouterr()
    assert trained.medattn("measure", "--plan", str(trained.results.plan)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "of its values would get lost" in line
    assert "not trained yet" in line
    assert content(trained) == before
    # Without images, it can't be trained again: the plan says so.
    (trained.root / "pictures").rename(trained.root / "elsewhere")
    assert trained.medattn("plan", "--write") == 2
    assert "its record is gone, and it can't be trained" in capsys.readouterr().err
    assert trained.medattn("plan", "--write", "--allow-fewer") == 0
    assert trained.medattn("measure") == 2
    assert trained.medattn("measure", "--allow-fewer") == 0
    assert set(measured(trained)["seed"].dropna()) == {0, 1, 2}


def test_a_damaged_record_stops_the_measuring(trained, capsys):
    run = next(iter(trained.plan().runs.values()))
    trained.files(run.id).record.write_text("{")
    before = content(trained)
    assert trained.medattn("measure") == 2
    assert trained.medattn("measure", "--allow-fewer") == 2
    assert "record.json" in capsys.readouterr().err
    assert content(trained) == before


def test_automatic_stand_ins_do_not_replace_images_with_finished_runs(trained):
    known = {**ENTRY, "images": {"train": 16, "test": 8}}
    runs = set(trained.plan().runs)
    configure(trained, datasets={"mine": known}, stand_ins=True)
    (trained.root / "pictures").rename(trained.root / "elsewhere")
    plan = trained.plan()
    assert set(plan.runs) == runs
    assert not any(cell.stand_in for cell in plan.cells.values())


def test_a_copy_of_the_results_under_another_name_protects_nothing_else(trained):
    shutil.copytree(trained.results.folder, trained.results.folder.with_name("other"))
    configure(trained, seeds=[5], selection="third")
    assert trained.medattn("plan", "--write") == 0


def test_a_plan_of_another_folder_changes_no_table(trained, capsys):
    before = content(trained)
    other = trained.root / "old" / "plan.json"
    other.parent.mkdir()
    value = json.loads(trained.results.plan.read_text())
    value["runs"] = {name: run for name, run in value["runs"].items() if "-s0-" in name}
    other.write_text(json.dumps(value))
    capsys.readouterr()
    for command in ("measure", "compare", "judge", "answer", "render", "tune"):
        assert trained.medattn(command, "--plan", str(other)) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "plan" in line
    other.unlink()
    other.parent.rmdir()
    assert content(trained) == before


def test_a_plan_writes_no_tables_into_another_working_folder(trained, capsys, monkeypatch, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    plan = str(trained.results.plan.resolve())
    monkeypatch.chdir(elsewhere)
    for command in ("measure", "compare", "judge", "answer", "render", "tune"):
        capsys.readouterr()
        assert trained.medattn(command, "--plan", plan) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    shutil.copytree(trained.root / "papers", elsewhere / "papers")
    assert trained.medattn("measure", "--plan", plan) == 2
    assert "no plan in this working folder" in capsys.readouterr().err
    shutil.rmtree(elsewhere / "papers")
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("table", [None, "paper;experiment\n;;\n", "half a"])
def test_damaged_files_that_list_the_runs_let_none_leave(trained, capsys, table):
    trained.results.plan.write_text("{")
    if table is None:
        trained.results.measurements.unlink()
    else:
        trained.results.measurements.write_text(table)
    configure(trained, seeds=[0])
    capsys.readouterr()
    assert trained.medattn("plan", "--write") == 2
    assert "4 finished runs" in capsys.readouterr().err
    configure(trained)
    assert trained.medattn("plan", "--write") == 0
    assert trained.medattn("measure") == 0
