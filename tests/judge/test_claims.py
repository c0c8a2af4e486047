"""claims.csv: a row for every published value and comparison, with a verdict that the measurements bear out."""

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from medattn.compare.primary_test import primary_p
from medattn.config.load import read_configuration, resolve
from medattn.consistency.published import read_published
from medattn.errors import UserError
from medattn.judge.claim import Claim
from medattn.judge.counts import statement_verdicts, verdict_lines
from medattn.judge.table import claims, write_claims
from medattn.layout import ResultPaths
from medattn.measure.collect import write_measurements
from medattn.plan.expand import make_plan
from medattn.plan.model import CellKey, Plan
from medattn.result_tables import CLAIMS, COMPLEXITY, MEASUREMENTS, read_table

ROOT = Path(__file__).parents[2]
SEEDS = range(8)
Judged = Callable[..., pd.DataFrame]


def plan_of(configuration: Any, **changes: Any) -> Plan:
    """Return the plan as if all data were available."""
    plan = make_plan(configuration)
    cells = {key: replace(cell, **{"missing": None, **changes}) for key, cell in plan.cells.items()}
    return replace(plan, cells=cells)


def measured_as_published(
    configuration: Any, shift: float = 0.0, reach: float = 0.3, seeds: Any = SEEDS, also: Any = None
) -> pd.DataFrame:
    """Runs around every published value, shifted, and around other values (percent) of every cell by metric."""
    rows = []
    for paper in configuration.papers:
        for row in read_published(ROOT / "papers" / paper.name / "published.csv"):
            if row.table not in paper.tables or row.metric in ("params_m", "gflops"):
                continue
            place = (paper.name, paper.experiment, row.dataset, row.backbone, row.arm)
            rng = np.random.default_rng(crc32(f"{CellKey(*place).id} {row.metric}".encode()))
            unit = 100.0 if row.mean.unit == "fraction" else 1.0
            values = float(row.mean.value) * unit + shift + reach * rng.permutation(np.linspace(-1, 1, len(seeds)))
            common = dict(zip(MEASUREMENTS.columns, place, strict=False)) | {
                "metric": {"f1": "f1_weighted"}.get(row.metric, row.metric),
                "class_name": {"NORMAL": "NORMAL", "": ""}.get(row.class_name, row.class_name),
                "unit": "percent",
                "n_test": 100_000,
                "stand_in": False,
                "leak": "",
                "status": "measured",
                "reason": "",
            }
            runs = [f"{CellKey(*place).id}/train-s{seed}" for seed in seeds]
            for metric, value in (also or {}).items():
                other = {**common, "metric": metric, "class_name": "", "value": value, "n": len(seeds), "spread": 0.1}
                rows.append({**other, "procedure": "runs", "runs": ";".join(runs)})
            rows += [
                {**common, "procedure": "epochs", "seed": seed, "value": value, "n": 30, "runs": run}
                for seed, value, run in zip(seeds, values, runs, strict=True)
            ]
            over = {"value": values.mean(), "spread": values.std(ddof=1), "n": len(values), "runs": ";".join(runs)}
            rows.append({**common, "procedure": "runs", **over})
    return pd.DataFrame(rows, columns=[*MEASUREMENTS.columns])


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    def judge(
        paper: str = "gsa",
        cells: Any = None,
        taken: Any = None,
        datasets: Any = None,
        looks: list[int] | None = None,
        **how: Any,
    ) -> pd.DataFrame:
        raw: dict[str, Any] = {"selection": "trial", "papers": {paper: taken or {}}, "data": str(tmp_path / "data")}
        if looks:
            raw["seeds"] = {"looks": looks}
        raw["datasets"] = datasets or {}
        configuration = resolve(raw, ROOT, "test")
        results = ResultPaths(tmp_path / "results")
        results.folder.mkdir(exist_ok=True)
        measured_as_published(configuration, **how).to_csv(results.measurements, index=False)
        return claims(results, configuration, plan_of(configuration, **(cells or {})), ROOT)

    return judge


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The default selection, nothing measured."""
    configuration = read_configuration(ROOT / "config.yaml", ROOT)
    results = ResultPaths(tmp_path_factory.mktemp("results"))
    plan = make_plan(configuration)
    write_measurements(plan, results)
    return write_claims(results, configuration, plan, ROOT)


def test_every_published_value_has_a_row_before_anything_is_measured(default):
    numbers = default[default["kind"] == "number"]
    assert list(default.columns) == CLAIMS.columns == [field.name for field in fields(Claim)]
    assert len(numbers) == sum(len(read_published(path)) for path in ROOT.glob("papers/*/published.csv")) + 24
    assert default["claim"].is_unique
    assert set(default["verdict"]) == {"not measured"}
    assert (default["reason"] != "").all()


def test_gains_that_are_only_told_are_claims_between_experiments(default):
    told = default[default["table"].str.startswith("oct-section-3") | default["against"].str.contains("oct-section-3")]
    assert len(told) == 10 and set(told["kind"]) == {"comparison"}
    gains = told[told["statement"].str.contains("improved")]
    assert set(gains["against"]) == {"vanilla in oct-table-3", "ra in oct-table-3"}
    assert dict(zip(gains["metric"], gains["class_name"], strict=True)) == {"precision": "mean", "f1_macro": ""}
    worse = told[told["statement"].str.contains("not enough")]
    assert set(worse["table"]) == {"oct-table-1"} and set(worse["against"]) == {
        "vanilla in oct-section-3-last-block",
        "ra in oct-section-3-last-block",
    }


def test_a_precision_that_may_be_a_recall_is_judged_as_both(judged):
    table = judged("oct").set_index("claim")
    name = "oct-table-1.oct2017.inception_v4.ra"
    both = table[table.index.str.startswith(name) & (table["class_name"] == "mean")]
    assert sorted(both["metric"]) == ["precision", "recall"]
    assert both["reason"].str.contains("every value of these rows is a multiple of 1/250").all()
    again = table[table.index.str.endswith(".as.recall")]
    assert len(again) == 20 and set(again["backbone"]) == {"inception_v4"}
    assert set(table.loc[table["table"] == "oct-table-2", "metric"]) == {"recall"}


def test_numbers_of_the_text_get_verdicts(tmp_path, judged):
    runs = ["paper,experiment,dataset,backbone,arm,seed,fold,metric,epoch,value,measured"]
    for arm, value in (("ra", 99.1), ("vanilla", 97.0)):
        for seed in SEEDS:
            runs += [
                f"oct,final,oct2017,inception_v4,{arm},{seed},,accuracy,{epoch},{value + 0.05 * seed / epoch},False"
                for epoch in (1, 2)
            ]
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "epochs.csv").write_text("\n".join(runs) + "\n")
    table = judged("oct", also={"accuracy": 99.5, "f1_macro": 99.5}).set_index("claim")
    name = "oct-table-1.oct2017.inception_v4"
    told = table.loc[[f"{name}.ra.accuracy", f"{name}.ra.f1_macro", f"{name}.ra.accuracy.after.1"]]
    assert list(told["published"]) == ["99.5", "0.995", "99.1"]
    assert list(told["verdict"]) == ["reproduced"] * 3
    slower = table.loc[f"{name}.vanilla.accuracy.after.1"]
    assert slower["verdict"] == "not reproduced" and slower["n"] == len(SEEDS)
    assert "after one epoch" in slower["statement"]


def test_what_the_text_says_in_general_is_no_claim_of_every_pair(default):
    compared = default[default["kind"] == "comparison"]
    assert not compared["statement"].str.contains("generally|class by class").any()
    assert compared.groupby(["paper", "statement"]).size().max() < 100


def test_every_published_comparison_has_a_row(default):
    compared = default[default["kind"] == "comparison"]
    assert set(compared["paper"]) == {"gsa", "ppcr", "acnet", "oct"}
    gsa = compared[(compared["paper"] == "gsa") & compared["statement"].str.contains("p-values less than 0.01")]
    assert len(gsa) == 16 and set(gsa["against"]) == {"vanilla"}
    stars = compared[compared["statement"].str.startswith("stars")]
    assert len(stars) == 13
    assert (compared["against"] != "").all()


def test_numbers_that_come_out_again_are_reproduced(judged):
    table = judged()
    numbers = table[table["kind"] == "number"]
    assert set(numbers["verdict"]) == {"reproduced"}
    row = numbers.iloc[-1]
    assert row["low"] < row["measured"] < row["high"] and row["n"] == 8
    assert len(row["runs"].split(";")) == 8


def test_numbers_that_do_not_come_out_again_are_not_reproduced(judged):
    table = judged("oct", shift=-4.0)
    numbers = table[(table["kind"] == "number") & table["measured"].notna()]
    assert len(numbers) > 40 and set(numbers["verdict"]) == {"not reproduced"}


def test_numbers_are_in_the_unit_that_is_published(judged):
    table = judged("acnet")
    numbers = table[(table["kind"] == "number") & (table["metric"] == "accuracy")]
    assert set(numbers["verdict"]) == {"reproduced"}
    assert numbers["measured"].between(0, 1).all() and numbers["high"].max() < 1.5


def test_stand_in_images_never_give_a_verdict(judged):
    table = judged(cells={"stand_in": True})
    measured = table[table["measured"].notna()]
    assert len(measured) > 64
    assert set(measured["verdict"]) == {"not measured"}
    assert set(measured["reason"]) == {"stand-in images"}
    assert measured["stand_in"].all()


def test_a_selection_that_leaves_the_paper_gets_no_verdict_and_another_reading_is_named(judged):
    shorter = judged(taken={"recipe": {"epochs": 30}})
    assert "the selection changes recipe.epochs" in shorter.iloc[0]["reason"]
    assert not shorter["verdict"].isin(["reproduced", "not reproduced"]).any()
    reading = judged(taken={"protocol": {"patience": 5}})
    assert set(reading[reading["kind"] == "number"]["verdict"]) == {"reproduced"}
    assert "protocol.patience" in reading.iloc[0]["reason"]


def test_of_a_source_single_options_may_be_open(judged):
    def of_jaffe(**source):
        table = judged(datasets={"jaffe": {"source": source, "ordinal": False}})
        return table[(table["kind"] == "number") & (table["dataset"] == "jaffe")]

    drawn = of_jaffe(kind="jaffe", split_by="image", split_seed=3)
    assert set(drawn["verdict"]) == {"reproduced"}
    assert drawn["reason"].str.contains("leaves open: datasets.jaffe.source.split_seed").all()
    apart = of_jaffe(split_seed=3, split_by="person")
    assert set(apart["verdict"]) == {"not measured"}
    assert apart["reason"].str.contains("the selection changes datasets.jaffe.source.split_by,").all()


def test_what_the_selection_leaves_out_is_named(judged):
    table = judged(taken={"experiments": ["networks"], "arms": ["vanilla", "gsa"]})
    left_out = table[(table["kind"] == "number") & (table["arm"] == "l1")]
    assert set(left_out["reason"]) == {"not in this selection"}


def test_a_claim_tells_whether_it_has_a_verdict_or_why_not(default, judged):
    assert set(default["state"]) <= {"unavailable", "waiting", "outside this selection"}
    published = judged("oct")
    of_tables = (published["kind"] == "number") & ~published["claim"].str.contains("[.](?:as|after)[.]", regex=True)
    of_tables &= ~published["claim"].str.fullmatch(r"oct-table-1[.]oct2017[.]inception_v4[.]ra[.](?:accuracy|f1_macro)")
    assert set(published.loc[of_tables, "state"]) == {"judged"}
    assert set(published.loc[~of_tables, "state"]) <= {"judged", "waiting"}, "the fixture measures no such values"
    part = judged(taken={"arms": ["vanilla"]})
    assert set(part.loc[part["reason"] == "not in this selection", "state"]) == {"outside this selection"}
    changed = judged("oct", taken={"recipe": {"epochs": 2}})
    assert set(changed.loc[of_tables, "state"]) == {"another recipe"}
    assert set(changed["state"]) <= {"another recipe", "waiting"}
    assert "stand-in images" in set(judged(cells={"stand_in": True})["state"])
    for table in (default, part, changed):
        assert ((table["state"] == "judged") == (table["verdict"] != "not measured")).all()


def paired_p(measurements: pd.DataFrame, row: pd.Series) -> float:
    """The p of the primary test of a claim against vanilla."""
    place = measurements[(measurements["dataset"] == row["dataset"]) & (measurements["backbone"] == row["backbone"])]
    runs = place[place["procedure"] == "epochs"].sort_values("seed")
    first, second = (runs.loc[runs["arm"] == arm, "value"] for arm in (row["arm"], "vanilla"))
    return float(primary_p(first.to_numpy()[None] - second.to_numpy())[0])


def test_comparisons_are_tested_over_runs_and_corrected_within_the_statement(judged, tmp_path):
    table = judged(reach=3.0)
    measurements = read_table(tmp_path / "results" / "measurements.csv", MEASUREMENTS)
    compared = table[table["statement"].str.contains("p-values less than 0.01")]
    best = compared[compared["claim"].str.contains("idrid_dr.vgg16")].iloc[0]
    assert best["measured"] == pytest.approx(66.41 - 56.96, abs=0.01)
    assert best["published"] == "+9.45"
    raw = [paired_p(measurements, row) for _, row in compared.iterrows()]
    assert compared["p"].to_numpy() == pytest.approx(multipletests(raw, method="holm")[1])
    assert best["verdict"] == "reproduced"
    assert len(best["runs"].split(";")) == 16


def test_pairs_of_a_statement_that_all_hold_are_not_corrected(judged, tmp_path):
    table = judged(reach=3.0)
    measurements = read_table(tmp_path / "results" / "measurements.csv", MEASUREMENTS)
    compared = table[table["statement"].str.contains("consistently")]
    raw = [paired_p(measurements, row) for _, row in compared.iterrows()]
    assert len(raw) == 16
    assert compared["p"].to_numpy() == pytest.approx(raw)
    # One pair that is not shown keeps the statement from being reproduced.
    assert (compared["verdict"] == "inconclusive").any()
    assert statement_verdicts(table)["gsa"][compared.iloc[0]["statement"]] == "inconclusive"


def test_five_seeds_can_reproduce_a_comparison(judged):
    table = judged(reach=0.2, seeds=range(5))
    compared = table[(table["kind"] == "comparison") & table["statement"].str.contains("p-values less than 0.01")]
    assert set(compared["n"]) == {5}
    assert (compared["verdict"] == "reproduced").any()


def test_enough_runs_reproduce_a_comparison_and_refute_one_that_is_not_so(judged):
    table = judged(reach=0.2, seeds=range(10))
    verdicts = statement_verdicts(table)["gsa"]
    better = next(verdict for says, verdict in verdicts.items() if "consistently outperformed" in says)
    assert better == "reproduced"
    shown = table[table["statement"].str.contains("only on the JAFFE dataset")]
    assert set(shown["verdict"]) == {"reproduced"}


def test_gains_that_the_tables_do_not_show_are_refuted(judged):
    table = judged("ppcr", reach=0.05, seeds=range(10))
    normalizations = table[table["statement"].str.contains("the performance of PN")]
    refuted = normalizations[normalizations["verdict"] == "not reproduced"]
    assert list(refuted["against"]) == ["ppcr-instance-norm"] and list(refuted["metric"]) == ["f1_weighted"]
    gain = table[table["statement"].str.contains("3.65%")].iloc[0]
    assert gain["verdict"] == "reproduced"


def test_costs_are_judged_by_the_count(tmp_path, judged):
    columns = (
        "paper,experiment,table,dataset,backbone,arm,published_params_m,params,published_gflops,gmacs,macs,verdict,"
    )
    columns += "note,counted_for,counter_params,counter_gflops,height,width"
    place = "ppcr,,ppcr-table-1,isic2018+fundus_isee,resnet50"
    lines = [
        f"{place},vanilla,23.52,23522375,4.116,4.1,4100000000,differs,,isic2018,parameters,,224,224",
        f"{place},ca,27.33,27330000,4.171,4.171,4171000000,matches,,isic2018,C1,macs,224,224",
        f"{place},ppcr,23.51,23522375,4.116,4.1,4100000000,differs,,isic2018,parameters,,224,224",
    ]
    (tmp_path / "results").mkdir()
    rows = pd.DataFrame([line.split(",") for line in lines], columns=columns.split(","))
    rows.reindex(columns=[*COMPLEXITY.columns]).to_csv(tmp_path / "results" / "complexity.csv", index=False)
    table = judged("ppcr").set_index("claim")
    name = "ppcr-table-1.isic2018+fundus_isee.resnet50"
    assert table.loc[f"{name}.vanilla.params_m", ["verdict", "procedure"]].tolist() == ["reproduced", "count"]
    assert table.loc[f"{name}.vanilla.gflops", "verdict"] == "not reproduced"
    assert "C1" in table.loc[f"{name}.ca.params_m", "reason"]
    assert "not counted yet" in table.loc[f"{name}.nl.params_m", "reason"]
    compared = table[(table["table"] == "ppcr-table-1") & (table["arm"] == "ppcr") & (table["measured"] == 0)]
    assert compared["statement"].str.contains("negligible extra computations").all()
    assert list(compared["verdict"]) == ["reproduced"], "what is the same is almost the same"


def test_what_is_written_is_read_again_and_damage_is_one_line(default, tmp_path):
    assert read_table(tmp_path / "none.csv", CLAIMS, optional=True).empty
    path = tmp_path / "claims.csv"
    path.write_text("claim,paper\n")
    with pytest.raises(UserError, match="no column 'table'"):
        read_table(path, CLAIMS)
    lines = list(verdict_lines(default))
    assert "not measured" in lines[0]
    assert lines[1].split()[:2] == ["gsa,", "numbers"]
    assert list(verdict_lines(default[:0])) == ["No paper of this selection has published values."]


def test_verdicts_are_given_at_declared_looks_only(judged):
    fixed, at_a_look = judged(reach=0.2, seeds=range(10)), judged(reach=0.2, seeds=range(10), looks=[10, 20])
    verdicts = [table.groupby("kind")["verdict"].value_counts() for table in (fixed, at_a_look)]
    assert verdicts[0]["number", "reproduced"] == verdicts[1]["number", "reproduced"] > 0
    between = judged(reach=0.2, seeds=range(10), looks=[5, 20])
    judged_claims = between[between["procedure"] == "runs"]
    assert set(judged_claims["verdict"]) == {"inconclusive", "reproduced"}
    undecided = judged_claims[judged_claims["verdict"] == "inconclusive"]
    assert undecided["reason"].str.startswith("10 seeds are not one of the declared looks (5, 20)").all()
    # Only classifiers on pixels, whose every run is the same, have a verdict.
    assert set(judged_claims[judged_claims["verdict"] == "reproduced"]["backbone"]) == {"none"}


def test_a_look_needs_its_first_seeds(judged):
    table = judged(reach=0.2, seeds=[0, 1, 2, 3, 5], looks=[5, 10])
    reasons = table[(table["procedure"] == "runs") & (table["backbone"] != "none")]["reason"]
    assert reasons.str.startswith("a look of 5 has the seeds 0 to 4, but there is no seed 4").all()


def test_a_comparison_at_a_look_must_reach_its_share_of_alpha(judged):
    # Differences that vary by several points give a p between 0.05 / 5 and 0.05.
    alone = {"taken": {"datasets": ["idrid_dr"], "backbones": ["vgg16"]}}
    fixed, split = (
        judged(**alone, reach=7.0, seeds=range(7)),
        judged(**alone, reach=7.0, seeds=range(7), looks=[7, 8, 9, 10, 11]),
    )
    pairs = fixed["p"].between(0.01, 0.05) & (fixed["verdict"] == "reproduced")
    assert pairs.any()
    assert set(split[pairs]["verdict"]) == {"inconclusive"}
    assert split[pairs]["reason"].str.contains("not below 0.01").all()
