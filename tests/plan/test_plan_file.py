"""The file of a plan: what is read equals what was made, and unreadable files are errors with advice."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from medattn.config.load import read_configuration, resolve
from medattn.errors import UserError
from medattn.plan.expand import make_plan, results_of
from medattn.plan.graph import graph_of
from medattn.plan.model import CellKey
from medattn.plan.plan_file import read_plan, write_plan

ARMS = {"gsa": {"label": "with GSA", "grid": {"options.channels": [2, 4]}}, "svm": {"classifier": "svm"}}


def test_the_plan_read_from_a_file_equals_the_plan_that_was_made(project):
    project.configure({"arms": ARMS})
    assert project.plan() == make_plan(read_configuration(Path("config.yaml"), Path()))


def test_cells_with_equal_settings_share_them(project):
    recipes = {id(cell.settings.recipe) for cell in project.plan().cells.values()}
    assert len(recipes) == 1


@pytest.mark.parametrize(("changes", "writer"), [({}, "medattn 0.0.7"), ({"version": None}, "an early version")])
def test_a_plan_of_another_schema_names_its_version_and_the_remedy(project, changes, writer):
    project.plan()
    path = project.results.plan
    value = {**json.loads(path.read_text()), "schema": 1, "version": "0.0.7", **changes}
    path.write_text(json.dumps({key: item for key, item in value.items() if item is not None}))
    with pytest.raises(UserError, match=rf"plan\.json: {writer} .*\(schema 1\).*`medattn plan --write`"):
        read_plan(path)


def test_an_invalid_setting_is_named(project):
    project.plan()
    path = project.results.plan
    value = json.loads(path.read_text())
    next(iter(value["cells"].values()))["settings"]["recipe"]["epochs"] = "many"
    path.write_text(json.dumps(value))
    with pytest.raises(UserError, match=r"not a plan \(Recipe\.epochs: "):
        read_plan(path)


def test_a_plan_is_written_byte_for_byte_as_it_was_read(project, tmp_path):
    project.plan()
    write_plan(tmp_path / "again.json", read_plan(project.results.plan))
    assert (tmp_path / "again.json").read_bytes() == project.results.plan.read_bytes()


def test_runs_of_a_cell_keep_the_order_of_the_plan(project):
    plan = project.plan()
    for cell in plan.cells:
        for stage in ("tune", "train"):
            expected = [run for run in plan.runs.values() if run.cell == cell and run.stage == stage]
            assert plan.runs_of(cell, stage) == expected
    assert plan.runs_of("no-such-cell", "train") == []


@pytest.mark.parametrize(("experiment", "group"), [("", "tiny.digits.net"), ("small", "tiny.small.digits.net")])
def test_a_key_is_unique_and_round_trips_through_a_table_row(experiment, group):
    key = CellKey("tiny", experiment, "digits", "net", "gsa")
    assert (key.group, key.id) == (group, f"{group}.gsa")
    assert CellKey.of_row({**asdict(key), "metric": "accuracy"}) == key


@pytest.mark.parametrize("paper", ["oct", "gsa", "acnet"])
def test_a_plan_gives_the_same_jobs_once_it_was_read_from_its_file(tmp_path, paper):
    root = Path(__file__).parents[2]
    configuration = resolve({"selection": "trial", "papers": {paper: {}}, "results": str(tmp_path)}, root, "config")
    plan, results = make_plan(configuration), results_of(configuration)
    write_plan(results.plan, plan)
    again = read_plan(results.plan)
    same = resolve(again.configuration, root, "plan.json")
    assert graph_of(again, same, results) == graph_of(plan, configuration, results)
