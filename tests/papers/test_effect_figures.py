"""Forest plot and specification curve of every paper, on made-up values of all its cells."""

from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from medattn.answer.contrasts import contrasts
from medattn.answer.table import write_answer
from medattn.compare.multiverse import multiverse
from medattn.config.load import resolve
from medattn.layout import ResultPaths
from medattn.measure.reading_values import ReadingValues
from medattn.measure.readings import metric_readings
from medattn.plan.expand import make_plan
from medattn.plan.model import Cell
from medattn.plan.plan_file import write_plan
from medattn.render.figures.drawing import drawer
from medattn.render.inputs import Inputs
from medattn.result_tables import ANSWER, MEASUREMENTS, READINGS, read_table

ROOT = Path(__file__).parents[2]
PAPERS = sorted(path.parent.name for path in ROOT.glob("papers/*/facts.yaml"))
SEEDS = range(3)
EMPTY = pd.DataFrame()


def measured(cell: Cell, rng: np.random.Generator) -> list[dict[str, Any]]:
    common = asdict(cell.key) | {
        "metric": "accuracy", "class_name": "", "unit": "percent", "n_test": 500, "stand_in": False, "leak": "",
        "status": "measured", "reason": "", "runs": "", "n": 1,
    }  # fmt: skip
    values = 80 + rng.normal(0, 1, len(SEEDS))
    rows = [{**common, "procedure": "epochs", "seed": seed, "value": values[seed]} for seed in SEEDS]
    return [*rows, {**common, "procedure": "runs", "value": values.mean(), "spread": 1.0, "n": len(SEEDS)}]


def readings(cell: Cell, rng: np.random.Generator) -> list[dict[str, Any]]:
    return [
        asdict(cell.key)
        | {"metric": "accuracy", "class_name": "", "reading": reading.name, "leak": reading.leak, "is_default": False}
        | {"seed": seed, "n_epochs": 1, "value": 80 + rng.normal(), "reason": ""}
        for reading in metric_readings(cell.settings.protocol, "accuracy")
        for seed in SEEDS
    ]


@cache
def _plan(paper: str) -> Any:
    configuration = resolve({"selection": "trial", "papers": {paper: {}}, "seeds": [*SEEDS]}, ROOT, "test")
    return configuration, make_plan(configuration, as_if_available=True)


@pytest.fixture
def inputs(tmp_path: Path, request: pytest.FixtureRequest) -> Inputs:
    configuration, plan = _plan(request.param)
    results = ResultPaths(tmp_path)
    rng = np.random.default_rng(0)
    cells = [cell for cell in plan.cells.values() if not cell.is_classifier]
    table = pd.DataFrame([row for cell in cells for row in measured(cell, rng)], columns=[*MEASUREMENTS.columns])
    table.to_csv(results.measurements, index=False)
    write_plan(results.plan, plan)
    write_answer(results, configuration)
    kept = pd.DataFrame([row for cell in cells for row in readings(cell, rng)], columns=[*READINGS.columns])
    return Inputs(
        configuration, ROOT, results, plan, table, EMPTY, EMPTY, EMPTY, EMPTY,
        answer=read_table(results.answer, ANSWER),
        multiverse=multiverse(configuration, plan, ReadingValues(kept), ROOT),
    )  # fmt: skip


@pytest.mark.parametrize("inputs", PAPERS, indirect=True)
def test_a_paper_shows_the_effect_of_its_mechanisms_and_its_readings(inputs: Inputs) -> None:
    drawn = {}
    for paper in inputs.configuration.papers:
        for name, declared in paper.figures.items():
            if declared.kind in ("forest_plot", "specification_curve"):
                drawn[name] = (declared, drawer(declared.kind)(inputs, paper, declared))
    assert any(declared.kind == "specification_curve" for declared, _ in drawn.values())
    has_mechanisms = bool(contrasts(inputs.configuration))
    assert any(declared.kind == "forest_plot" for declared, _ in drawn.values()) == has_mechanisms
    for declared, drawing in drawn.values():
        assert "reason" not in drawing.numbers and drawing.datasets
        assert not declared.arms or set(drawing.numbers["arm"]) == set(declared.arms)
        if declared.kind == "forest_plot":
            assert set(drawing.datasets) == set(inputs.answer.loc[inputs.answer["level"] == "dataset", "dataset"])
