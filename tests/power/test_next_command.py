"""`medattn next`: the open claims by cost, and the selection of the next round."""

import csv
import io
import json
from math import sqrt

import pytest
import yaml
from scipy import stats

from medattn.config.load import read_configuration
from medattn.plan.expand import make_plan
from tests.power.conftest import LOOKS, PAPER, SECONDS, UNIT

FIVE = {
    "vanilla": 80 + 0 * UNIT[5],
    "gsa": 81.5 + 2 * UNIT[5],  # +4.0 published: ten seeds find it
    "weak": 81.5 - 1.5 * UNIT[5],  # +0.5 published: twenty seeds do not
}


@pytest.fixture
def measured(gains, finish):
    finish(FIVE)
    return gains


def found(project, capsys, *options: str) -> dict:
    capsys.readouterr()
    assert project.medattn("next", "--format", "json", *options) == 0
    return json.loads(capsys.readouterr().out)


def comparison(result: dict, arm: str) -> dict:
    return next(claim for claim in published(result) if claim["kind"] == "comparison" and claim["arm"] == arm)


def published(result: dict) -> list[dict]:
    """The claims of papers, without the questions of the answer."""
    return [claim for claim in result["claims"] if claim["table"] != "answer"]


def questions(result: dict) -> dict[str, dict]:
    """The questions of the answer by claim."""
    return {claim["claim"]: claim for claim in result["claims"] if claim["table"] == "answer"}


def plan_of(path, project):
    return make_plan(read_configuration(path, project.root))


def test_each_open_claim_has_the_seeds_and_runs_that_decide_it(measured, capsys):
    result = found(measured, capsys)
    gsa = comparison(result, "gsa")
    assert (gsa["seeds"], gsa["runs"], gsa["verdict"]) == (20, 30, "inconclusive")
    assert gsa["hours"] == pytest.approx(30 * SECONDS / 3600)
    assert not gsa["hours_estimated"]
    strong = comparison(result, "strong")
    assert (strong["seeds"], strong["runs"], strong["verdict"]) == (10, 15, "not measured")


def test_claims_that_need_more_than_the_maximum_are_told_apart(measured, capsys):
    weak = comparison(found(measured, capsys), "weak")
    assert weak["rank"] is None and weak["seeds"] is None
    assert weak["reason"].startswith("needs ") and weak["reason"].endswith("the maximum is 20")
    gsa = comparison(found(measured, capsys, "--max-seeds", "5"), "gsa")
    assert gsa["seeds"] is None
    assert gsa["reason"] == "open after 5 seeds, the maximum"


def test_a_budget_chooses_the_cheapest_claims_that_fit_together(measured, capsys):
    whole = found(measured, capsys)
    ranked = [claim for claim in whole["claims"] if claim["rank"]]
    known = [claim for claim in ranked if claim["hours"] is not None]
    least = known[0]["hours"]
    none = found(measured, capsys, "--hours", "0.001")
    assert not any(claim["in_budget"] for claim in none["claims"]) and none["next_round"]["cells"] == {}
    everything = found(measured, capsys, "--hours", "1000")
    assert [claim["claim"] for claim in everything["claims"] if claim["in_budget"]] == [
        claim["claim"] for claim in known
    ]
    some = found(measured, capsys, "--hours", str(least))
    assert [claim["claim"] for claim in some["claims"] if claim["in_budget"]][:1] == [known[0]["claim"]]
    assert len(known) > len([claim for claim in some["claims"] if claim["in_budget"] and claim["hours"] > least])
    assert measured.medattn("next", "--hours", "0") == 2
    assert "--hours: must be a number of hours above 0" in capsys.readouterr().err


def test_claims_are_ordered_by_hours(measured, capsys):
    hours = [claim["hours"] for claim in found(measured, capsys)["claims"] if claim["rank"]]
    known = [value for value in hours if value is not None]
    assert len(known) > 1 and hours == sorted(known) + [None] * (len(hours) - len(known))


def test_decided_claims_and_those_that_seeds_cannot_decide_are_not_open(measured, capsys):
    claims = {claim["claim"] for claim in published(found(measured, capsys))}
    assert not any("vanilla" in claim and "over" not in claim for claim in claims)
    measured.configure({**PAPER, "recipe": {"epochs": 2}}, papers={"tiny": {"recipe": {"epochs": 3}}}, seeds=LOOKS)
    changed = found(measured, capsys)
    assert published(changed) == []
    assert questions(changed)  # the selection's own recipe can still answer whether attention helps


def test_before_any_run_every_claim_needs_the_first_look(gains, capsys):
    claims = found(gains, capsys)["claims"]
    assert len(claims) == 7 + 3
    assert {claim["seeds"] for claim in claims} == {5}


def test_the_written_selection_has_all_finished_runs_and_only_adds_the_needed_ones(measured, capsys):
    before = plan_of(measured.root / "config.yaml", measured)
    result = found(measured, capsys, "--write", "next.yaml")
    after = plan_of(measured.root / "next.yaml", measured)
    assert set(before.runs) <= set(after.runs)
    added = {(run.cell.rpartition(".")[2], run.seed) for run in after.runs.values() if run.id not in before.runs}
    assert added == {("gsa", seed) for seed in range(5, 10)} | {("vanilla", seed) for seed in range(5, 10)}
    finished = {run for run in after.runs if measured.files(run).record.exists()}
    assert len(finished) == 15
    assert set(result["next_round"]["runs"]) == set(after.runs) - finished
    assert after.selection == before.selection


def test_the_next_round_continues_from_the_written_selection(measured, finish, capsys):
    assert measured.medattn("next", "--write", "next.yaml") == 0
    (measured.root / "config.yaml").write_text((measured.root / "next.yaml").read_text())
    ten = {"vanilla": 80 + 0 * UNIT[10], "gsa": 81.0 + 2.4 * UNIT[10]}
    finish({**FIVE, **ten, "strong": 86 + 0.1 * UNIT[5]})
    capsys.readouterr()
    gsa = comparison(found(measured, capsys, "--write", "next.yaml"), "gsa")
    assert gsa["seeds_measured"] == 10 and gsa["seeds"] == 20
    again = yaml.safe_load((measured.root / "next.yaml").read_text())["seeds"]
    assert again["looks"] == [5, 10, 20]
    assert again["cells"]["tiny.phantom.net.gsa"] == again["cells"]["tiny.phantom.net.vanilla"] == 20


def test_next_does_not_overwrite_files_that_it_did_not_write(measured, capsys):
    text = (measured.root / "config.yaml").read_text()
    assert measured.medattn("next", "--write", "config.yaml") == 2
    assert "config.yaml: exists and was not written by `medattn next`" in capsys.readouterr().err
    assert (measured.root / "config.yaml").read_text() == text


def test_a_plain_list_of_seeds_is_not_extended(gains, finish, capsys):
    gains.configure(PAPER, seeds=[0, 1, 2, 3, 4])
    finish(FIVE)
    result = found(gains, capsys)
    assert comparison(result, "gsa")["reason"] == "open after 5 seeds, the maximum"
    assert {claim["arm"] for claim in result["claims"] if claim["rank"]} == {"strong"}
    assert gains.medattn("next", "--max-seeds", "30", "--write", "next.yaml") == 2
    error = capsys.readouterr().err
    assert "adding seeds keeps the error rate only at looks that are declared before the runs are measured" in error


@pytest.mark.parametrize("number", ["4", "0", "1001"])
def test_an_impossible_maximum_is_refused(gains, capsys, number):
    assert gains.medattn("next", "--max-seeds", number) == 2
    assert f"--max-seeds: must be from 5 to 1000, not {number}" in capsys.readouterr().err


def test_text_and_csv_list_the_same_claims(measured, capsys):
    capsys.readouterr()
    assert measured.medattn("next", "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert measured.medattn("next") == 0
    text = capsys.readouterr().out
    assert f"Open claims of the selection 'trial': {len(rows)}" in text
    assert "tiny phantom net: gsa over vanilla, accuracy (+4.00 published)" in text
    assert "cannot be decided within 20 seeds" in text
    assert "next round: 15 runs, with more seeds for 2 cells" in text


def test_a_value_needs_the_seeds_that_make_its_interval_narrow_enough(measured, capsys):
    gsa = next(claim for claim in found(measured, capsys)["claims"] if claim["claim"].endswith("net.gsa.accuracy"))
    half_widths = {n: stats.t.ppf(0.975, n - 1) * 2 * sqrt(1 + 1 / n) for n in range(5, 11)}
    assert gsa["seeds_needed"] == min(n for n, half in half_widths.items() if half <= 5)
    assert gsa["seeds"] == 10


def test_the_open_questions_of_a_paper_without_published_values_are_candidates(gains, finish, capsys):
    (gains.root / "papers" / "tiny" / "published.csv").unlink()
    before = found(gains, capsys)
    assert {claim["seeds"] for claim in before["claims"]} == {5} and len(questions(before)) == 3
    # gsa: +1.5 with an SD of 2 is open; weak: +9 is found.
    finish({**FIVE, "weak": 89 + 0.5 * UNIT[5]})
    result = found(gains, capsys, "--write", "next.yaml")
    after = questions(result)
    assert "answer.tiny.weak.vanilla.phantom" not in after
    gsa = after["answer.tiny.gsa.vanilla.phantom"]
    assert (gsa["verdict"], gsa["seeds_measured"]) == ("open", 5)
    assert gsa["measured"] == pytest.approx(1.5) and gsa["seeds"] is None and gsa["seeds_needed"] > 20
    assert after["answer.tiny.strong.vanilla.phantom"]["verdict"] == "open"
    capsys.readouterr()
    assert gains.medattn("next", "--max-seeds", "500") == 0
    text = capsys.readouterr().out
    assert "Open claims of the selection 'trial': 2 (2 are questions of the answer)" in text
    assert "answer phantom net: gsa over vanilla, accuracy" in text
