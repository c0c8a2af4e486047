"""The verdict under every reading: what counts, when a verdict is fragile, and what is reachable only by a leak."""

from pathlib import Path

import pandas as pd
import pytest

from medattn.config.load import resolve
from medattn.judge.table import claims
from medattn.layout import ResultPaths
from medattn.result_tables import MEASUREMENTS, READINGS, rows_of
from tests.judge.test_claims import ROOT, measured_as_published, plan_of

DEFAULT = "chosen_by=auc,ties=mean"
OPEN = "chosen_by=accuracy,ties=mean"
CLOSED = "epoch=last"
LEAKING = "epoch=best_on_test"
CLAIM = "ppcr-table-2.breastmnist.resnet18.ppcr.accuracy"
ON_BREASTMNIST = {"experiment": "medmnist", "dataset": "breastmnist"}
ON_FUNDUS = {"experiment": "fundus-and-skin", "dataset": "fundus_isee"}
PAIR = {"dataset": "fundus_isee", "backbone": "resnet18", "arm": "ppcr", "against": "ea", "metric": "accuracy"}


@pytest.fixture
def judged(tmp_path: Path):
    def judge(shifts: dict[str, float], arm: str = "ppcr", on: dict[str, str] = ON_BREASTMNIST) -> pd.DataFrame:
        """Judge measurements near the published values, that each reading shifts for one arm on one data set."""
        taken = {"experiments": [on["experiment"]], "datasets": [on["dataset"]], "backbones": ["resnet18"]}
        raw = {"selection": "trial", "papers": {"ppcr": taken}, "data": str(tmp_path / "data")}
        configuration = resolve(raw, ROOT, "test")
        results = ResultPaths(tmp_path)
        measured = measured_as_published(configuration)
        measured.to_csv(results.measurements, index=False)
        by_seed = rows_of(measured, procedure="epochs")
        rows = []
        for reading, shift in {DEFAULT: 0.0, **shifts}.items():
            moved = by_seed["value"] + shift * (by_seed["arm"] == arm)
            facts = {"reading": reading, "leak": "the test images choose the epoch" if reading == LEAKING else ""}
            rows.append(by_seed.assign(value=moved, n_epochs=1, is_default=reading == DEFAULT, **facts))
        pd.concat(rows)[[*READINGS.columns]].to_csv(results.readings, index=False)
        return claims(results, configuration, plan_of(configuration), ROOT)

    return judge


def number(table: pd.DataFrame) -> pd.Series:
    return table.set_index("claim").loc[CLAIM]


def comparison(table: pd.DataFrame) -> pd.Series:
    return rows_of(table, kind="comparison", **PAIR).iloc[0]


def test_readings_that_agree_are_counted_and_leave_the_verdict_firm(judged):
    row = number(judged({OPEN: 0.1}))
    assert (row["verdict"], row["readings"], row["same_verdict"], row["fragile"]) == ("reproduced", 2, 1.0, False)
    assert row["highest"] - row["lowest"] == pytest.approx(0.1)
    assert row["lowest"] == pytest.approx(row["measured"])


def test_an_open_reading_with_another_verdict_makes_a_verdict_fragile(judged):
    row = number(judged({OPEN: -20.0, "chosen_by=loss": 0.0}))
    assert (row["verdict"], row["readings"], row["fragile"]) == ("reproduced", 3, True)
    assert row["same_verdict"] == pytest.approx(2 / 3)
    assert row["measured"] - row["lowest"] == pytest.approx(20)


@pytest.mark.parametrize("reading", [CLOSED, LEAKING])
def test_readings_that_the_paper_rules_out_or_that_leak_do_not_count(judged, reading):
    row = number(judged({reading: -20.0}))
    assert (row["readings"], row["same_verdict"], row["fragile"]) == (1, 1.0, False)
    assert row["lowest"] == row["highest"] == pytest.approx(row["measured"])


def test_a_comparison_is_fragile_if_another_reading_reverses_it(judged):
    table = judged({OPEN: -20.0}, on=ON_FUNDUS)
    row = comparison(table)
    assert row["fragile"] and row["readings"] == 2
    assert row["measured"] - row["lowest"] == pytest.approx(20)


def test_a_value_that_only_a_leak_reaches_says_so(judged, tmp_path):
    shifts = {OPEN: 0.0, LEAKING: 0.0}
    assert "reproduced only where" not in number(judged(shifts))["reason"]
    measurements = tmp_path / "measurements.csv"
    judged(shifts)
    lowered = pd.read_csv(measurements, keep_default_na=False)
    assert list(lowered.columns) == MEASUREMENTS.columns
    readings = pd.read_csv(tmp_path / "readings.csv", keep_default_na=False)
    for table, rows in (
        (lowered, lowered["arm"] == "ppcr"),
        (readings, (readings["arm"] == "ppcr") & (readings["leak"] == "")),
    ):
        table.loc[rows, "value"] = table.loc[rows, "value"].astype(float) - 20
    lowered.to_csv(measurements, index=False)
    readings.to_csv(tmp_path / "readings.csv", index=False)
    taken = {"experiments": ["medmnist"], "datasets": ["breastmnist"], "backbones": ["resnet18"]}
    configuration = resolve(
        {"selection": "trial", "papers": {"ppcr": taken}, "data": str(tmp_path / "data")}, ROOT, "test"
    )
    row = number(claims(ResultPaths(tmp_path), configuration, plan_of(configuration), ROOT))
    assert (row["verdict"], row["fragile"]) == ("not reproduced", False)
    assert (
        "reproduced only where the test images choose the epoch (epoch of highest test accuracy: 87." in row["reason"]
    )


def test_without_readings_the_columns_are_empty(judged, tmp_path):
    judged({})
    (tmp_path / "readings.csv").unlink()
    taken = {"experiments": ["medmnist"], "datasets": ["breastmnist"], "backbones": ["resnet18"]}
    configuration = resolve(
        {"selection": "trial", "papers": {"ppcr": taken}, "data": str(tmp_path / "data")}, ROOT, "test"
    )
    table = claims(ResultPaths(tmp_path), configuration, plan_of(configuration), ROOT)
    assert table["readings"].isna().all() and not table["fragile"].any()
    assert number(table)["verdict"] == "reproduced"
