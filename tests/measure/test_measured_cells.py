"""Look-up of measured values by cell, metric and class."""

from math import isnan
from typing import Any

import pandas as pd

from medattn.measure.measured_cells import MeasuredCells, MetricKey
from medattn.plan.model import CellKey
from medattn.result_tables import MEASUREMENTS

CELL = CellKey("tiny", "", "phantom", "net", "vanilla")
OTHER = CellKey("tiny", "", "phantom", "net", "gsa")


def row(cell: CellKey, metric: str, class_name: str, procedure: str, value: float | None, **fields: Any) -> dict:
    measured = {"status": "not measured", "reason": "undefined"} if value is None else {"status": "measured"}
    common = {"metric": metric, "class_name": class_name, "procedure": procedure, "value": value}
    return {
        "reason": "",
        "leak": "",
        "stand_in": False,
        "n": 1,
        "n_test": "9",
        **vars(cell),
        **common,
        **measured,
        **fields,
    }


def cells(*rows: dict) -> MeasuredCells:
    return MeasuredCells(pd.DataFrame(rows, columns=[*MEASUREMENTS.columns]))


def test_values_are_found_by_cell_metric_and_class() -> None:
    found = cells(
        row(CELL, "accuracy", "", "epochs", 80.0, seed=0),
        row(CELL, "accuracy", "", "epochs", 84.0, seed=1),
        row(CELL, "accuracy", "", "runs", 82.0, spread=2.8, n=2, runs="a;b"),
        row(OTHER, "accuracy", "", "fold", 70.0, seed=0, fold=1),
    )
    measured = found.of(CELL, MetricKey("accuracy"))
    assert measured.by_seed == {0: 80.0, 1: 84.0}
    assert (measured.mean, measured.n, measured.n_test, measured.runs) == (82.0, 2, 9, ("a", "b"))
    assert found.of(OTHER, MetricKey("accuracy")).by_fold == {(0, 1): 70.0}
    assert not found.of(OTHER, MetricKey("auc")).is_measured


def test_an_undefined_class_does_not_hide_the_others() -> None:
    found = cells(
        row(CELL, "precision", "ill", "runs", None, reason="undefined: never predicted"),
        row(CELL, "precision", "well", "runs", 75.0),
    )
    assert found.of(CELL, MetricKey("precision", "well")).mean == 75.0
    lost = found.of(CELL, MetricKey("precision", "ill"))
    assert isnan(lost.mean)
    assert lost.note == "undefined: never predicted"


def test_an_unmeasured_cell_has_its_reason_for_every_class() -> None:
    found = cells(
        row(CELL, "precision", "ill", "runs", 75.0),
        row(OTHER, "precision", "", "runs", None, reason="not trained yet"),
    )
    assert found.metric_keys([CELL, OTHER]) == [MetricKey("precision", "ill")]
    assert found.of(OTHER, MetricKey("precision", "ill")).reason == "not trained yet"
