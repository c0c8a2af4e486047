"""answer.csv: effects by data set and pooled, in numbers and in words."""

from dataclasses import replace
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from medattn.answer.table import answer, write_answer
from medattn.config.models.paper import Arm
from medattn.config.models.seeds import SeedLooks
from medattn.config.resolved import Configuration
from medattn.measure.measured_cells import MeasuredCells
from medattn.result_tables import ANSWER, COMPLEXITY, read_table
from tests.answer.made_up import DATASETS, SEEDS, configuration, measurements, results_of

NO_COSTS = pd.DataFrame(columns=[*COMPLEXITY.columns])


def answered(chosen: Configuration, table: pd.DataFrame, costs: pd.DataFrame = NO_COSTS) -> pd.DataFrame:
    return answer(chosen, MeasuredCells(table), costs)


def pooled(table: pd.DataFrame, arm: str, **values: Any) -> pd.Series:
    rows = table[(table["level"] == "pooled") & (table["arm"] == arm)]
    for name, value in ({"scope": "selection", "placebo": ""} | values).items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1
    return rows.iloc[0]


def values_of(table: pd.DataFrame, dataset: str, arm: str) -> np.ndarray:
    rows = table[(table["dataset"] == dataset) & (table["arm"] == arm) & (table["procedure"] == "epochs")]
    return rows.sort_values("seed")["value"].to_numpy(dtype=float)


def test_three_mechanisms_are_told_apart_in_words(tmp_path: Path) -> None:
    chosen = configuration(tmp_path)
    table = answered(chosen, measurements(chosen))
    assert pooled(table, "se")["verdict"] == "helps"
    assert pooled(table, "gc")["verdict"] == "hurts"
    assert pooled(table, "sa")["verdict"] == "no practical difference"
    text = pooled(table, "se")["sentence"]
    assert text.startswith("Squeeze and excitation (SE) helps: accuracy +")
    assert "points on average over 3 data sets (95% interval +" in text
    assert pooled(table, "gc")["sentence"].startswith("Global context (GC) hurts: accuracy −")
    assert "makes no practical difference" in pooled(table, "sa")["sentence"]
    assert pooled(table, "sa")["sentence"].endswith(", within ±1).")


def test_effects_on_data_sets_are_paired_differences_by_seed(tmp_path: Path) -> None:
    chosen = configuration(tmp_path)
    made = measurements(chosen)
    table = answered(chosen, made)
    rows = table[(table["level"] == "dataset") & (table["arm"] == "se")].set_index("dataset")
    assert [*rows.index] == [*DATASETS]
    for dataset in DATASETS:
        differences = values_of(made, dataset, "se") - values_of(made, dataset, "vanilla")
        test = stats.ttest_1samp(differences, 0)
        assert rows.loc[dataset, "difference"] == pytest.approx(differences.mean())
        assert rows.loc[dataset, "p"] == pytest.approx(test.pvalue)
        assert (rows.loc[dataset, "low"], rows.loc[dataset, "high"]) == pytest.approx(test.confidence_interval())
    whole = pooled(table, "se")
    assert (whole["datasets"], whole["seeds"], whole["runs"], whole["backbones"]) == (3, 5, 30, 1)
    assert whole["low"] < rows["difference"].mean() < whole["high"]


def test_backbones_are_averaged_by_seed(tmp_path: Path) -> None:
    chosen = configuration(tmp_path, datasets=DATASETS[:1])
    paper = chosen.papers[0]
    backbones = {**paper.backbones, "resnet50": paper.backbones["resnet18"]}
    chosen = replace(chosen, papers=(replace(paper, backbones=backbones),))
    first = measurements(chosen)
    second = measurements(chosen, {"vanilla": 0.0, "se": -1.0, "gc": 0.0, "sa": 0.0}, spread=0.5)
    made = pd.concat([first, second.assign(backbone="resnet50")])
    differences = [
        values_of(half, DATASETS[0], "se") - values_of(half, DATASETS[0], "vanilla") for half in (first, second)
    ]
    test = stats.ttest_1samp(np.mean(differences, axis=0), 0)
    row = pooled(answered(chosen, made), "se")
    assert (row["low"], row["high"]) == pytest.approx(test.confidence_interval())
    assert row["backbones"] == 2


def test_one_data_set_is_not_pooled(tmp_path: Path) -> None:
    chosen = configuration(tmp_path, datasets=DATASETS[:1])
    row = pooled(answered(chosen, measurements(chosen)), "se")
    assert "one data set" in row["note"] and np.isnan(row["tau2"]) and np.isnan(row["prediction_low"])
    assert "on average" not in row["sentence"] and row["verdict"] == "helps"


def test_equal_runs_on_few_images_are_known_to_one_image_only(tmp_path: Path) -> None:
    chosen = configuration(tmp_path, datasets=DATASETS[:1])
    row = pooled(answered(chosen, measurements(chosen, spread=0.0, n_test=40)), "se")
    half = stats.t.ppf(0.975, len(SEEDS) - 1) * sqrt((100 / 40) ** 2 / 6 / len(SEEDS))
    assert (row["low"], row["high"]) == pytest.approx((3 - half, 3 + half))


def test_too_few_data_sets_for_an_average_are_told_one_by_one(tmp_path: Path) -> None:
    chosen = configuration(tmp_path, datasets=DATASETS[:2])
    made = measurements(chosen)
    moved = (made["dataset"] == DATASETS[1]) & (made["arm"] == "se")
    made.loc[moved, "value"] -= 3.0
    row = pooled(answered(chosen, made), "se")
    first, second = row["sentence"].split(": accuracy +")
    assert first == (
        "Squeeze and excitation (SE) helps on BreastMNIST and makes no practical difference on RetinaMNIST"
    )
    assert " points on BreastMNIST (95% interval +" in second and " points on RetinaMNIST (" in second
    assert row["verdict"] == "open" and "The average over 2 data sets is open (+" in second
    assert second.endswith(", because two data sets say little about others.")
    assert "fewer than 8 pairs: the error rate of 5% holds if" in row["note"]


def test_a_data_set_without_a_verdict_is_no_difference_shown(tmp_path: Path) -> None:
    chosen = configuration(tmp_path, datasets=DATASETS[:2])
    made = measurements(chosen)
    noisy = (made["dataset"] == DATASETS[1]) & (made["arm"] == "gc") & (made["procedure"] == "epochs")
    made.loc[noisy, "value"] += np.array([9.0, -9.0, 6.0, -5.0, 3.0])
    said = pooled(answered(chosen, made), "gc")["sentence"]
    assert said.startswith("Global context (GC) hurts on BreastMNIST; on RetinaMNIST it is undecided: accuracy −")


def test_many_data_sets_are_counted_and_only_decided_ones_have_numbers(tmp_path: Path) -> None:
    names = (*DATASETS, "pneumoniamnist", "dermamnist", "octmnist")
    chosen = configuration(tmp_path, datasets=names)
    made = measurements(chosen)
    for number, name in enumerate(names[1:]):
        noisy = (made["dataset"] == name) & (made["arm"] == "se") & (made["procedure"] == "epochs")
        made.loc[noisy, "value"] += np.roll([19.0, -19.0, 6.0, -5.0, 3.0], number) - 3
    row = pooled(answered(chosen, made), "se")
    assert row["verdict"] == "open"
    assert "helps on BreastMNIST; on 5 other data sets it is undecided: accuracy +" in row["sentence"]
    assert row["sentence"].count("points on") == 1


@pytest.mark.parametrize(("looks", "verdict"), [([5, 10], "helps"), ([4, 10], "open")])
def test_with_looks_the_answer_is_given_at_a_look_only(tmp_path: Path, looks: list[int], verdict: str) -> None:
    chosen = configuration(tmp_path)
    selection = chosen.selection.model_copy(update={"seeds": SeedLooks(looks=looks)})
    row = pooled(answered(replace(chosen, selection=selection), measurements(chosen)), "se")
    assert row["verdict"] == verdict
    assert ("5 seeds are not one of the declared looks (4, 10), so there is no verdict" in row["note"]) == (
        verdict == "open"
    )
    assert "97.5% interval" in row["sentence"], "two looks share the error rate of the interval"


def test_stand_ins_give_no_verdict_and_are_never_pooled_with_real_images(tmp_path: Path) -> None:
    chosen = configuration(tmp_path)
    only = pooled(answered(chosen, measurements(chosen, stand_ins=DATASETS)), "se")
    assert only["verdict"] == "open" and only["stand_in"] and only["sentence"].startswith("† On stand-in images")
    mixed = pooled(answered(chosen, measurements(chosen, stand_ins=DATASETS[:1])), "se")
    assert (mixed["datasets"], mixed["stand_in"]) == (2, False)
    assert "BreastMNIST" in mixed["note"]


def test_leaks_are_marked(tmp_path: Path) -> None:
    chosen = configuration(tmp_path)
    row = pooled(answered(chosen, measurements(chosen).assign(leak="epoch chosen on test images")), "se")
    assert row["leak"] == "epoch chosen on test images" and "‡" in row["sentence"]


def test_fewer_seeds_than_verdicts_need_leave_the_answer_open(tmp_path: Path) -> None:
    chosen = configuration(tmp_path)
    made = measurements(chosen)
    row = pooled(answered(chosen, made[made["seed"].isna() | (made["seed"] < 2)]), "se")
    assert row["verdict"] == "open" and "fewer than 3 seeds" in row["note"]


def test_verdicts_are_corrected_for_the_number_of_mechanisms(tmp_path: Path) -> None:
    chosen = configuration(tmp_path)
    table = answered(chosen, measurements(chosen))
    rows = table[table["level"] == "pooled"].sort_values("p")
    p = rows["p"].to_numpy(dtype=float)
    assert rows["p_adjusted"].to_numpy(dtype=float) == pytest.approx(
        np.minimum(1, np.maximum.accumulate(p * [3, 2, 1]))
    )


def test_a_paper_and_the_selection_answer_apart(tmp_path: Path) -> None:
    chosen = configuration(tmp_path, "tiny", "other")
    made = measurements(chosen)
    table = answered(chosen, made)
    assert [*table["scope"].unique()] == ["selection", "tiny", "other"]
    whole = pooled(table, "se")
    assert (whole["datasets"], whole["runs"]) == (3, 60), "a data set of two papers counts once"
    dataset = table[(table["level"] == "dataset") & (table["arm"] == "se") & (table["dataset"] == DATASETS[0])]
    by_scope = dataset.set_index("scope")["difference"]
    assert by_scope["selection"] == pytest.approx((by_scope["tiny"] + by_scope["other"]) / 2)


def test_a_gain_is_compared_with_that_of_the_placebo(tmp_path: Path) -> None:
    chosen = configuration(tmp_path)
    paper = chosen.papers[0]
    placebo = Arm(mechanism="se", placebo="frozen", placebo_of="se")
    chosen = replace(chosen, papers=(replace(paper, arms={**paper.arms, "se-frozen": placebo}),))
    effects = {"vanilla": 0.0, "se": 3.0, "gc": -2.5, "sa": 0.05, "se-frozen": 2.95}
    table = answered(chosen, measurements(chosen, effects))
    assert pooled(table, "se")["verdict"] == "helps"
    row = pooled(table, "se", placebo="frozen")
    assert (row["against"], row["verdict"]) == ("se-frozen", "no practical difference")
    assert row["sentence"].startswith("Squeeze and excitation (SE) does no more than its frozen placebo: accuracy ")
    assert "se-frozen" not in set(table["arm"]), "a placebo is no mechanism that answers"


def test_costs_come_from_complexity_csv(tmp_path: Path) -> None:
    chosen = configuration(tmp_path)
    rows = [
        {"paper": "tiny", "experiment": "", "counted_for": dataset, "backbone": "resnet18", "arm": arm,
         "params": params, "training_images_per_second": speed}
        for dataset in DATASETS
        for arm, params, speed in (("vanilla", 1000, 200.0), ("se", 1010, 160.0))
    ]  # fmt: skip
    table = answered(chosen, measurements(chosen), pd.DataFrame(rows))
    row = pooled(table, "se")
    assert (row["extra_params"], row["extra_params_percent"], row["extra_time_percent"]) == pytest.approx((10, 1, 25))
    assert np.isnan(pooled(table, "gc")["extra_params"])


def test_files_are_written_and_read_again(tmp_path: Path) -> None:
    chosen = configuration(tmp_path)
    results = results_of(tmp_path, measurements(chosen))
    written = write_answer(results, chosen)
    read = read_table(results.answer, ANSWER)
    assert [*read.columns] == [*ANSWER.columns] and len(read) == len(written) == 3 * (1 + 3)
    page = (results.tables / "answer.md").read_text()
    assert (
        "Squeeze and excitation (SE) helps" in page and "| Global context (GC) | vanilla | accuracy | hurts |" in page
    )


def test_nothing_measured_gives_an_empty_answer(tmp_path: Path) -> None:
    chosen = configuration(tmp_path)
    results = results_of(tmp_path, measurements(chosen)[:0])
    assert write_answer(results, chosen).empty
    assert "No mechanism was measured" in (results.tables / "answer.md").read_text()
