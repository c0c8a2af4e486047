"""`medattn power`: what the seeds of a selection can find."""

import csv
import io
import json
from math import sqrt

import pandas as pd
import pytest
from scipy import stats

from medattn.power.paired_t import power_of_difference
from medattn.result_tables import COMPARISONS
from tests.power.conftest import LOOKS, PAPER, UNIT, files_of

ALPHA = 0.05 / 3


def rows(project, capsys, *options: str) -> list[dict[str, str]]:
    capsys.readouterr()
    assert project.medattn("power", "--format", "csv", *options) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def of_arm(found, arm: str, seeds: int = 5) -> dict[str, str]:
    return next(row for row in found if row["arm"] == arm and row["seeds"] == str(seeds) and row["table"] != "answer")


@pytest.mark.parametrize("seeds", [5, 10, 20])
def test_a_stated_sd_gives_the_smallest_difference_of_each_look(gains, capsys, seeds):
    row = of_arm(rows(gains, capsys, "--sd", "4"), "gsa", seeds)
    assert power_of_difference(float(row["smallest_difference"]) / 4, seeds, ALPHA) == pytest.approx(0.8, abs=1e-6)
    assert float(row["power_for_published"]) == pytest.approx(power_of_difference(4.0 / 4, seeds, ALPHA), abs=1e-6)
    assert row["sd_source"] == "option --sd"


def test_the_seeds_that_the_published_difference_needs(gains, capsys):
    found = rows(gains, capsys, "--sd", "2")
    for arm, difference in (("gsa", 4.0), ("weak", 0.5), ("strong", 6.0)):
        needed = int(of_arm(found, arm)["seeds_for_published"])
        powers = [power_of_difference(difference / 2, n, ALPHA) for n in (needed - 1, needed)]
        assert powers[0] < 0.8 <= powers[1]


def test_measured_runs_give_the_upper_80_percent_bound_of_the_sd(gains, finish, capsys):
    finish({"vanilla": 80 + 0 * UNIT[5], "gsa": 81.5 + 2 * UNIT[5]})
    found = rows(gains, capsys, "--sd", "9")
    assert float(of_arm(found, "gsa")["sd"]) == pytest.approx(2 * sqrt(4 / stats.chi2.ppf(0.2, 4)))
    assert of_arm(found, "gsa")["sd_source"] == "upper 80% bound from 5 seeds"
    assert float(of_arm(found, "strong")["sd"]) == 9


def test_without_a_stated_sd_other_comparisons_and_pilots_give_it(gains, finish, capsys):
    assert of_arm(rows(gains, capsys), "gsa")["sd"] == ""
    finish({"vanilla": 80 + 0 * UNIT[5], "gsa": 81.5 + 2 * UNIT[5]})
    others = of_arm(rows(gains, capsys), "strong")
    assert others["sd_source"] == "median of 1 measured comparisons of the paper"
    assert gains.medattn("judge") == 0
    capsys.readouterr()
    gains.configure(PAPER, selection="second", seeds=LOOKS)
    piloted = rows(gains, capsys, "--pilot", "results/trial")
    assert of_arm(piloted, "gsa")["sd_source"] == "same comparison of the pilot"
    assert of_arm(piloted, "gsa")["sd"] == of_arm(piloted, "weak")["sd"] == others["sd"]
    gains.configure(PAPER, selection="second", seeds={**LOOKS, "pilot_sd": 1.5})
    assert of_arm(rows(gains, capsys), "gsa")["sd_source"] == "seeds.pilot_sd"


def test_json_has_a_comparison_with_its_looks(gains, capsys):
    assert gains.medattn("power", "--format", "json", "--sd", "2") == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows[0]["arm"] == "gsa" and rows[0]["against"] == "vanilla"
    assert [row["seeds"] for row in rows if row["claim"] == rows[0]["claim"]] == [5, 10, 20]


def test_text_has_a_line_for_each_comparison(gains, capsys):
    assert gains.medattn("power", "--sd", "2") == 0
    text = capsys.readouterr().out
    for arm in ("gsa", "weak", "strong"):
        assert f"phantom net: {arm} over vanilla, accuracy" in text
    assert "5: 2.29 SD, 10: 1.44 SD, 20: 0.82 SD" in text


def test_a_plain_list_of_seeds_has_one_number_of_seeds_and_all_of_alpha(gains, capsys):
    gains.configure(PAPER, seeds=[0, 1, 2, 3])
    found = rows(gains, capsys, "--sd", "2")
    assert {row["seeds"] for row in found} == {"4"}
    assert {row["alpha"] for row in found if row["table"] != "answer"} == {"0.05"}


def test_the_plan_has_a_line_on_power(gains, capsys):
    assert gains.medattn("plan") == 0
    assert "power: unknown until two seeds are measured; `pilot_sd` under `seeds`" in capsys.readouterr().out
    gains.configure(PAPER, seeds={**LOOKS, "pilot_sd": 2.0})
    assert gains.medattn("plan") == 0
    assert "5: 4.58 points, 10: 2.89 points, 20: 1.64 points; SD 2.00 (seeds.pilot_sd)" in capsys.readouterr().out
    half = stats.t.ppf(0.975, 4) * 1.5 / sqrt(5)
    common = dict.fromkeys(COMPARISONS.columns, "") | {"metric": "accuracy", "procedure": "runs", "n": 5}
    rows = [
        {**common, "test": "permutation", "low": 1 - half, "high": 1 + half, "stand_in": "False"},
        {**common, "test": "permutation", "low": -9, "high": 9, "stand_in": "True"},
        {**common, "test": "t_test", "low": -9, "high": 9, "stand_in": "False"},
    ]
    gains.results.folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(gains.results.comparisons, index=False)
    assert gains.medattn("plan") == 0
    bound = 1.5 * sqrt(4 / stats.chi2.ppf(0.2, 4))
    assert f"SD {bound:.2f} (median upper 80% bound of 1 comparison of finished runs)" in capsys.readouterr().out


def test_the_plan_of_a_single_seed_says_that_it_finds_nothing(gains, capsys):
    gains.configure(PAPER, seeds=[0])
    gains.results.folder.mkdir(parents=True, exist_ok=True)
    gains.results.comparisons.write_text(",".join(COMPARISONS.columns) + "\n")
    assert gains.medattn("plan") == 0
    assert "power: a single seed finds no difference" in capsys.readouterr().out


@pytest.mark.parametrize("sd", ["0", "-1", "101", "nan"])
def test_an_impossible_sd_is_refused(gains, capsys, sd):
    assert gains.medattn("power", f"--sd={sd}") == 2
    assert "--sd: must be above 0 and at most 100 percentage points" in capsys.readouterr().err


def test_a_pilot_without_claims_is_refused(gains, capsys):
    assert gains.medattn("power", "--pilot", "results/nothing") == 2
    assert "results/nothing/comparisons.csv: no such file; run `medattn compare`" in capsys.readouterr().err


def test_power_and_next_only_read(gains, finish, capsys):
    finish({"vanilla": 80 + 0 * UNIT[5], "gsa": 81.5 + 2 * UNIT[5]})
    before = files_of(gains.root)
    assert gains.medattn("power") == gains.medattn("next") == 0
    assert files_of(gains.root) == before


def questions(project, capsys, *options: str) -> dict[str, dict[str, str]]:
    """The rows of the first look by claim, of a paper without published values."""
    (project.root / "papers" / "tiny" / "published.csv").unlink(missing_ok=True)
    return {row["claim"]: row for row in rows(project, capsys, *options) if row["seeds"] == "5"}


def test_a_paper_without_published_values_has_the_comparisons_of_the_answer(gains, finish, capsys):
    stated = questions(gains, capsys, "--sd", "3")
    assert {*stated} == {f"answer.tiny.{arm}.vanilla.phantom" for arm in ("gsa", "weak", "strong")}
    alpha = ALPHA / 3  # Holm over three mechanisms
    for row in stated.values():
        assert (row["sd"], row["sd_source"], row["verdict"]) == ("3.0", "option --sd", "open")
        assert power_of_difference(float(row["smallest_difference"]) / 3, 5, alpha) == pytest.approx(0.8, abs=1e-6)
    gains.configure(PAPER, seeds={**LOOKS, "pilot_sd": 2.5})
    assert {row["sd_source"] for row in questions(gains, capsys).values()} == {"seeds.pilot_sd"}
    finish({"vanilla": 80 + 0 * UNIT[5], "gsa": 81.5 + 2 * UNIT[5]})
    measured = questions(gains, capsys)
    bound = 2 * sqrt(4 / stats.chi2.ppf(0.2, 4))
    assert float(measured["answer.tiny.gsa.vanilla.phantom"]["sd"]) == pytest.approx(bound, rel=1e-3)
    assert measured["answer.tiny.weak.vanilla.phantom"]["sd"] == "2.5"
    # A pilot needs no published values, either.
    half = stats.t.ppf(0.975, 4) * 2 / sqrt(5)
    same = {"dataset": "phantom", "backbone": "net", "arm": "gsa", "against": "vanilla", "metric": "accuracy", "n": 5}
    row = dict.fromkeys(COMPARISONS.columns, "") | same | {"procedure": "runs", "test": "permutation"}
    pd.DataFrame([{**row, "low": 1 - half, "high": 1 + half, "stand_in": "False"}]).to_csv(
        gains.results.comparisons, index=False
    )
    gains.configure(PAPER, selection="second", seeds=LOOKS)
    piloted = questions(gains, capsys, "--pilot", "results/trial")
    assert piloted["answer.tiny.gsa.vanilla.phantom"]["sd_source"] == "same comparison of the pilot"
    assert float(piloted["answer.tiny.strong.vanilla.phantom"]["sd"]) == pytest.approx(bound, rel=1e-3)


def test_a_selection_without_any_comparison_still_uses_the_stated_sd(gains, capsys):
    (gains.root / "papers" / "tiny" / "published.csv").unlink()
    gains.configure({"figures": None}, papers={"tiny": {"arms": ["vanilla"]}})
    assert gains.medattn("power", "--sd", "2") == 0
    text = capsys.readouterr().out
    assert "points; SD 2 (option --sd)" in text
    assert "neither a mechanism next to vanilla nor published comparisons" in text
