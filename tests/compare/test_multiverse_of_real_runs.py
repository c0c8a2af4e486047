"""The readings of six real runs of PPCR's Table 2 equal a computation from the same files without this package.

The runs in kept_runs/ are those of BreastMNIST and ResNet18 with and without PPCR: 30 epochs, three seeds, on the CPU.
"""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file
from scipy.stats import t as student
from sklearn.metrics import f1_score, roc_auc_score

from medattn.compare.multiverse import multiverse
from medattn.config.load import read_configuration
from medattn.judge.table import write_claims
from medattn.layout import ResultPaths
from medattn.measure.collect import write_measurements
from medattn.measure.reading_values import ReadingValues
from medattn.plan.expand import make_plan
from medattn.result_tables import MULTIVERSE, READINGS, read_table, rows_of

ROOT = Path(__file__).parents[2]
KEPT = Path(__file__).parent / "kept_runs"
ARMS = ("vanilla", "ppcr")
SEEDS = (0, 1, 2)


def kept_run(arm: str, seed: int) -> Path:
    return KEPT / f"{arm}-s{seed}"


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> ResultPaths:
    """The kept runs in the places that today's plan gives them, measured, compared and judged."""
    configuration = read_configuration(ROOT / "config/ppcr-table-2-cpu.yaml", ROOT)
    plan, results = make_plan(configuration), ResultPaths(tmp_path_factory.mktemp("results"))
    plan = replace(plan, cells={name: replace(cell, missing=None) for name, cell in plan.cells.items()})
    for run in plan.runs.values():
        arm = plan.cells[run.cell].arm
        if arm in ARMS:
            folder = results.run(run.folder, run.name).folder
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.symlink_to(kept_run(arm, run.seed))
    write_measurements(plan, results)
    values = ReadingValues(read_table(results.readings, READINGS))
    multiverse(configuration, plan, values, ROOT).to_csv(results.multiverse, index=False)
    write_claims(results, configuration, plan, ROOT)
    return results


def independent(arm: str, seed: int) -> dict[str, float]:
    """The test accuracy of a kept run by reading."""
    folder = kept_run(arm, seed)
    with (folder / "history.csv").open() as stream:
        history = list(csv.DictReader(stream))
    test = np.array([100 * int(row["correct"]) / int(row["images"]) for row in history])
    arrays = load_file(folder / "scores.safetensors")
    labels, scores = arrays["validation_labels"], arrays["validation_scores"].astype(np.float64)
    chosen = {
        "accuracy": [int(row["validation_correct"]) for row in history],
        "auc": [roc_auc_score(labels, epoch[:, 1]) for epoch in scores],
        "f1_weighted": [f1_score(labels, epoch.argmax(1), average="weighted") for epoch in scores],
    }
    entropy = -np.log(scores[:, np.arange(len(labels)), labels]).mean(axis=1)
    found = {
        "chosen_by=loss": test[entropy.argmin()],
        "epoch=last": test[-1],
        "epoch=best_on_test": test.max(),
    }
    for metric, values in chosen.items():
        tied = test[np.flatnonzero(np.isclose(values, max(values), rtol=0, atol=1e-12))]
        found[f"chosen_by={metric},ties=earliest"] = tied[0]
        found[f"chosen_by={metric},ties=latest"] = tied[-1]
        found[f"chosen_by={metric},ties=mean"] = tied.mean()
    return found


@pytest.fixture(scope="module")
def expected() -> dict[str, pd.DataFrame]:
    """The same for every reading (columns) and seed (rows), by arm."""
    return {arm: pd.DataFrame([independent(arm, seed) for seed in SEEDS]) for arm in ARMS}


@pytest.mark.parametrize("arm", ARMS)
def test_mean_and_spread_of_every_reading(measured, expected, arm):
    rows = read_table(measured.multiverse, MULTIVERSE)
    rows = rows_of(rows, level="cell", arm=arm, metric="accuracy").set_index("reading")
    assert set(rows.index) == set(expected[arm].columns)
    assert rows.loc["chosen_by=auc,ties=mean", "is_default"] and rows["is_default"].sum() == 1
    assert set(rows.index[rows["leak"] != ""]) == {"epoch=best_on_test"}
    for reading, values in expected[arm].items():
        assert rows.loc[reading, "n"] == 3
        assert rows.loc[reading, "mean"] == pytest.approx(values.mean(), abs=1e-9)
        assert rows.loc[reading, "sd"] == pytest.approx(values.std(), abs=1e-9)


def test_paired_difference_and_interval_of_every_reading(measured, expected):
    rows = read_table(measured.multiverse, MULTIVERSE)
    rows = rows_of(rows, level="comparison", arm="ppcr", against="vanilla", metric="accuracy").set_index("reading")
    differences = expected["ppcr"] - expected["vanilla"]
    assert set(rows.index) == set(differences.columns)
    for reading, values in differences.items():
        half = student.ppf(0.975, 2) * values.std() / np.sqrt(3)
        assert rows.loc[reading, "difference"] == pytest.approx(values.mean(), abs=1e-9)
        assert rows.loc[reading, "low"] == pytest.approx(values.mean() - half, abs=1e-9)
        assert rows.loc[reading, "high"] == pytest.approx(values.mean() + half, abs=1e-9)


def test_only_readings_that_the_paper_leaves_open_count_for_a_claim(measured, expected):
    rows = read_table(measured.multiverse, MULTIVERSE)
    cells = rows_of(rows, level="cell", arm="ppcr", metric="accuracy").set_index("reading")
    open_readings = set(cells.index[cells["is_open"] & (cells["leak"] == "")])
    assert open_readings == set(expected["ppcr"].columns) - {"epoch=last", "epoch=best_on_test"}
    claims = pd.read_csv(measured.claims)
    (claim,) = rows_of(claims, claim="ppcr-table-2.breastmnist.resnet18.ppcr.accuracy").to_dict("records")
    means = expected["ppcr"][sorted(open_readings)].mean()
    assert claim["readings"] == len(open_readings) == 10
    assert (claim["lowest"], claim["highest"]) == pytest.approx((means.min(), means.max()), abs=1e-9)
