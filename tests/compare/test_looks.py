"""Looks: verdicts, marks and the level of comparisons at declared numbers of seeds, also where a run diverged."""

import json

import numpy as np
import pandas as pd
import pytest

from medattn.compare.looks import diverged_seeds, seeds_of_pair, undeclared_look
from medattn.config.models.paper import Mark
from medattn.measure.measured_cells import MeasuredCells, MeasuredMetric, MetricKey
from medattn.measure.measured_run import NAN_OUTPUT
from medattn.plan.model import CellKey
from medattn.render.tables.table_values import value_over_runs
from medattn.result_tables import MEASUREMENTS, rows_of
from tests.compare.test_table import compared, paper, trained  # noqa: F401
from tests.conftest import Project

CELL = CellKey("p", "", "d", "b", "a")


def metric_of(*reasons: str) -> MeasuredMetric:
    """A cell whose seeds have a value, or the reason why not."""
    rows = [
        {
            **dict(zip(MEASUREMENTS.columns, (*("p", "", "d", "b", "a"), "accuracy", ""), strict=False)),
            "procedure": "epochs", "seed": seed, "value": np.nan if reason else 80.0 + seed, "n_test": 40,
            "stand_in": False, "leak": "", "status": "not measured" if reason else "measured", "reason": reason,
            "runs": "",
        }
        for seed, reason in enumerate(reasons)
    ]  # fmt: skip
    return MeasuredCells(pd.DataFrame(rows)).of(CELL, MetricKey("accuracy"))


@pytest.mark.parametrize(
    ("reason", "has_ended"),
    [
        ("diverged: the loss is NaN", True),
        ("fold 2: diverged: the loss is NaN", True),
        (NAN_OUTPUT.format(3), True),
        ("not trained yet", False),
        ("failed: out of memory", False),
        ("fold 1: failed: out of memory", False),
    ],
)
def test_a_diverged_run_is_a_result_and_a_missing_one_is_not(reason: str, has_ended: bool) -> None:
    whole, lossy = metric_of("", "", ""), metric_of("", reason, "")
    seeds = seeds_of_pair(whole, lossy)
    assert (undeclared_look(seeds, [3, 5]) == "") == has_ended
    told = diverged_seeds(whole, lossy)
    assert told == ("left out because a run diverged: seed 1" if has_ended else "")


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        ([0, 1, 2], ""),
        ([0, 1], "2 seeds are not one of the declared looks (3, 5)"),
        ([0], "1 seed is not one"),
        ([0, 1, 3], "there is no seed 2"),
    ],
)
def test_other_seeds_are_no_look(seeds: list[int], said: str) -> None:
    assert said in undeclared_look(seeds, [3, 5])
    assert undeclared_look(seeds, []) == ""


def test_comparisons_have_the_level_of_a_look_and_name_diverged_seeds(project: Project, paper: dict) -> None:  # noqa: F811
    paper["protocol"] = {"kind": "fixed_epoch", "folds": None, "measured_epochs": None}
    project.configure(paper, seeds={"looks": [4, 6]})
    trained(project)
    lost = next(run for run in project.plan().runs.values() if run.cell.endswith(".gsa") and run.seed == 2)
    files = project.files(lost.id)
    files.record.write_text(
        json.dumps({"status": "diverged", "reason": "the loss is NaN", "epochs": 1, "seconds": 1.0, "outputs": {}})
    )
    table = compared(project)
    primary = rows_of(table, procedure="runs", test="t_test", metric="accuracy")
    assert set(primary["alpha"]) == {0.025}
    gsa = rows_of(primary, arm="gsa", against="vanilla").iloc[0]
    assert gsa["n"] == 3 and "left out because a run diverged: seed 2" in gsa["note"]
    assert rows_of(table, procedure="images")["alpha"].isna().all()
    files.record.unlink()
    primary = rows_of(compared(project), procedure="runs", test="t_test", metric="accuracy")
    assert np.isnan(rows_of(primary, arm="gsa", against="vanilla").iloc[0]["alpha"]), "a missing run is no result"


@pytest.mark.parametrize(
    ("p", "alpha", "looks", "is_marked"),
    [(0.03, 0.05, 1, True), (0.03, 0.025, 2, False), (0.02, 0.025, 2, True), (0.001, np.nan, 2, False)],
)
def test_a_mark_needs_its_share_of_the_level_and_a_look(p: float, alpha: float, looks: int, is_marked: bool) -> None:
    measured = pd.DataFrame([{"procedure": "runs", "value": 80.0, "spread": 1.0, "n": 5, "reason": ""}])
    row = {"procedure": "runs", "test": "t_test", "against": "vanilla", "p": p, "p_adjusted": p, "alpha": alpha}
    row["difference"] = 1.5
    marks = [Mark(arm="gsa", against="vanilla", sign="star", alpha=0.05)]
    value, _ = value_over_runs(measured, pd.DataFrame([row]), "gsa", marks, looks)
    assert value is not None and value.marks == (("star",) if is_marked else ())
