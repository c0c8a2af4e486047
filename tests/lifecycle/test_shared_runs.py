"""Equal planned runs are one run, which serves every cell that asks for it."""

import csv
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from medattn.audit.checks.completeness import check_completeness
from medattn.audit.checks.records import check_records
from medattn.audit.context import AuditContext
from medattn.config.load import read_configuration
from medattn.plan.expand import make_plan
from tests.conftest import Project
from tests.made_up_runs import finish_runs

from .conftest import configure

ROOT = Path(__file__).parents[2]
SE = {"mechanism": "se"}
ARMS = {"gsa": None, "one": SE, "two": {**SE, "label": "the same"}}
# "one" is compared with "two", and "two" with vanilla.
FAMILIES = {"twins": {"arms": ["one"], "against": "two"}}


def planned(project: Project, arms: dict, *options: str):
    configure(project, {"arms": arms, "families": FAMILIES if "one" in arms else None}, seeds=[0, 1])
    assert project.medattn("plan", "--write", *options) == 0
    return project.plan()


def folders(project: Project) -> Counter[str]:
    return Counter(path.parent.parent.name for path in project.results.folder.glob("runs/*/*/record.json"))


@pytest.fixture
def twins(pictures: Project) -> Project:
    """Two arms with equal settings next to vanilla, finished and measured."""
    finish_runs(planned(pictures, ARMS), pictures.results)
    assert pictures.medattn("measure") == 0
    return pictures


def test_equal_cells_share_their_runs_which_are_trained_once(twins, capsys):
    plan = twins.plan()
    assert len(plan.cells) == 3
    assert len(plan.runs) == 2 * 2
    assert Counter(run for pack in plan.packs.values() for run in pack.runs) == Counter(list(plan.runs))
    assert folders(twins) == {"tiny.mine.net.vanilla": 2, "tiny.mine.net.one": 2}
    capsys.readouterr()
    assert twins.medattn("plan", "--format", "csv") == 0
    rows = {row["arm"]: row for row in csv.DictReader(capsys.readouterr().out.splitlines())}
    assert {arm: (row["runs"], row["done"]) for arm, row in rows.items()} == dict.fromkeys(rows, ("2", "2"))
    assert twins.medattn("plan") == 0
    assert "4 runs in 1 pack, 4 done" in capsys.readouterr().out


def test_both_cells_measure_the_shared_runs(twins):
    table = pd.read_csv(twins.results.measurements)
    values = table[table["procedure"] == "runs"].set_index("arm")["value"]
    assert values["one"] == values["two"]


def test_shared_runs_are_no_evidence_for_each_other(twins):
    assert twins.medattn("compare") == 0
    assert twins.medattn("answer") == 0
    table = pd.read_csv(twins.results.comparisons)
    multiverse = pd.read_csv(twins.results.multiverse)
    for rows in (table, multiverse[multiverse["level"] == "comparison"]):
        itself = rows[(rows["arm"] == "one") & (rows["against"] == "two")]
        assert set(itself["n"].fillna(0)) <= {0}
        assert set(rows.loc[rows["against"] == "vanilla", "arm"]) == {"two"}
    assert set(table.loc[(table["arm"] == "one") & (table["against"] == "two"), "procedure"]) >= {"runs", "images"}
    answer = pd.read_csv(twins.results.answer)
    assert set(answer["runs"].dropna()) == {4}


def test_the_audit_finds_no_duplicates(twins):
    context = AuditContext(twins.results.folder)
    assert [f for f in [*check_completeness(context), *check_records(context)] if f.severity == "error"
            and "packs/" not in f.place] == []  # fmt: skip


def test_runs_stay_where_they_finished_when_cells_come_and_go(twins):
    # The cell that the runs were trained for leaves; the other one keeps them.
    plan = planned(twins, {"gsa": None, "two": SE}, "--allow-fewer")
    assert {run.folder for run in plan.runs_of("tiny.mine.net.two", "train")} == {"tiny.mine.net.one"}
    assert finish_runs(plan, twins.results) is None
    assert "tiny.mine.net.two" not in folders(twins)
    assert twins.medattn("measure") == 0
    table = pd.read_csv(twins.results.measurements)
    assert set(table.loc[table["arm"] == "two", "status"]) == {"measured"}
    context = AuditContext(twins.results.folder)
    assert [finding for finding in check_records(context) if finding.severity == "error"] == []
    # A cell that comes first in the paper takes nothing away.
    plan = planned(twins, {"gsa": None, "zero": SE, "two": SE})
    assert {run.id for run in plan.runs_of("tiny.mine.net.zero", "train")} == {
        run.id for run in plan.runs_of("tiny.mine.net.two", "train")
    }
    assert len(folders(twins)) == 2


def test_another_place_in_the_grid_is_the_same_run(pictures):
    def grid(*values: float) -> dict:
        return {"gsa": None, "vanilla": {"grid": {"recipe.weight_decay": list(values)}}}

    protocol = {"kind": "cross_validated_epochs", "folds": 2, "measured_epochs": 1}
    configure(pictures, {"arms": grid(0.1, 0.01), "protocol": protocol}, seeds=[0])
    plan = pictures.plan()
    finish_runs(plan, pictures.results)
    tuned = {run.id for run in plan.runs.values() if run.stage == "tune"}
    configure(pictures, {"arms": grid(0.5, 0.1, 0.01), "protocol": protocol}, seeds=[0])
    assert pictures.medattn("plan", "--write", "--allow-fewer") == 0
    assert tuned < set(pictures.plan().runs)


def test_no_run_of_the_default_selection_is_planned_twice():
    plan = make_plan(read_configuration(ROOT / "config.yaml", ROOT), as_if_available=True)
    assert max(Counter(run.key for run in plan.runs.values()).values()) == 1
    shared = [run for run in plan.runs.values() if run.shared_with]
    assert {cell.split(".")[1] for run in shared for cell in run.cells} == {"designs", "sensitivity"}
