"""The answer in report, summary and forest plot: of three mechanisms, one helps, one hurts, one changes nothing."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.answer.made_up import DATASETS, configuration, inputs_of, measurements
from tests.render.report_files import page_at, write_claims
from tests.render.test_report_in_a_browser import browser, opened  # noqa: F401

from medattn.answer.sentences import signed
from medattn.render.figures.drawing import drawer
from medattn.render.forest_range import forest_reach
from medattn.render.inputs import Inputs
from medattn.render.summary import summary_lines
from medattn.report.answer_view import answer_view
from medattn.report.gather_page import gather_page
from medattn.report.write_report import report_page
from medattn.result_tables import CLAIMS

SCREENS = {"laptop": (1280, 800), "phone": (390, 844)}
HEADLINE = "Of 3 mechanisms, 1 helps, 1 hurts and 1 makes no practical difference."


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    chosen = configuration(tmp_path)
    return inputs_of(tmp_path, chosen, measurements(chosen))


def test_the_page_begins_with_the_answer(inputs: Inputs) -> None:
    page = report_page(gather_page(inputs))
    assert page.index('id="answer"') < page.index("<nav") < page.index('id="overview"')
    assert HEADLINE in page
    told = re.findall(r'<div class="said"><p><b>(.*?)</b>:', page)
    assert told == [
        "Squeeze and excitation (SE) helps",
        "Global context (GC) hurts",
        "CBAM&#39;s spatial attention (SA) makes no practical difference",
    ]
    assert "Rests on 60 runs: 3 data sets (BreastMNIST, RetinaMNIST, BloodMNIST), 1 backbone, 5 seeds." in page
    assert len(re.findall(r'<svg class="forest"', page)) == 3


def test_marks_of_the_forest_plot_are_in_the_order_of_the_numbers(inputs: Inputs) -> None:
    view = answer_view(inputs)
    assert view is not None
    helps, hurts, same = (mechanism.marks for mechanism in view.mechanisms)
    for marks in (helps, hurts, same):
        assert marks.interval and marks.prediction and len(marks.datasets) == len(DATASETS)
        assert marks.prediction[0] <= marks.interval[0] < marks.mean < marks.interval[1] <= marks.prediction[1]
    assert hurts.interval[1] < hurts.zero < helps.interval[0]
    assert same.margin[0] < same.interval[0] < same.zero < same.interval[1] < same.margin[1]


def test_the_summary_begins_with_the_answer(inputs: Inputs) -> None:
    lines = summary_lines(inputs)
    assert lines[0] == f"Does attention help? {HEADLINE}"
    assert lines[1].startswith("- Squeeze and excitation (SE) helps: accuracy +")
    assert lines[4].startswith("Rests on 60 runs")


def test_with_two_data_sets_the_headline_says_where_mechanisms_help(tmp_path: Path) -> None:
    chosen = configuration(tmp_path, datasets=DATASETS[:2])
    made = measurements(chosen, {"vanilla": 0.0, "se": 3.0, "gc": -2.5, "sa": 0.05})
    moved = (made["dataset"] == DATASETS[1]) & (made["arm"] == "se") & (made["procedure"] == "epochs")
    made.loc[moved, "value"] += [9.0, -9.0, 6.0, -8.0, -3.0]
    inputs = inputs_of(tmp_path, chosen, made)
    headline = (
        "Of 3 mechanisms, 1 helps on BreastMNIST, 1 hurts on BreastMNIST and RetinaMNIST and 1 makes no practical "
        "difference on BreastMNIST and RetinaMNIST; the average over data sets is open for all of them."
    )
    assert summary_lines(inputs)[0] == f"Does attention help? {headline}"
    page = report_page(gather_page(inputs))
    assert headline in page
    told = re.findall(r'<div class="said"><p><b>(.*?)</b>:', page)
    assert "Squeeze and excitation (SE) helps on BreastMNIST; on RetinaMNIST it is undecided" in told
    assert "Global context (GC) hurts on BreastMNIST and RetinaMNIST" in told
    told_in_file = (inputs.results.tables / "answer.md").read_text()
    assert "- Global context (GC) hurts on BreastMNIST and RetinaMNIST: accuracy −" in told_in_file


def test_the_figure_shows_every_data_set_and_the_mean(inputs: Inputs) -> None:
    paper = inputs.configuration.papers[0]
    drawing = drawer("forest_plot")(inputs, paper, paper.figures["forest"])
    ax = drawing.figure.axes[0]
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert len(labels) == 3 * (1 + len(DATASETS) + 1)
    assert labels[:2] == ["", "BreastMNIST"] and labels[4] == "all data sets"
    headings = [text.get_text() for text in ax.texts if text.get_fontweight() == "bold"]
    assert headings == ["Squeeze and excitation (SE)", "Global context (GC)", "CBAM's spatial attention (SA)"]
    assert len(drawing.numbers) == 3 * (1 + len(DATASETS))


def test_a_wide_open_interval_does_not_squeeze_the_others(tmp_path: Path) -> None:
    chosen = configuration(tmp_path, datasets=DATASETS[:2])
    made = measurements(chosen)
    noisy = (made["dataset"] == DATASETS[1]) & (made["arm"] == "gc") & (made["procedure"] == "epochs")
    made.loc[noisy, "value"] += [30.0, -30.0, 20.0, -25.0, 5.0]
    inputs = inputs_of(tmp_path, chosen, made)
    paper = inputs.configuration.papers[0]
    drawing = drawer("forest_plot")(inputs, paper, paper.figures["forest"])
    ax = drawing.figure.axes[0]
    rows = drawing.numbers
    decided = rows[rows["verdict"] != "open"]
    reach = ax.get_xlim()[1]
    assert decided[["low", "high"]].abs().max().max() < reach < 20 < rows["high"].max()
    assert {line.get_marker() for line in ax.lines} >= {"<", ">"} and any("Arrows" in fact for fact in drawing.facts)
    shown = [text.get_text() for text in ax.texts]
    assert any(f"to {signed(rows['high'].max(), 'x')})" in text for text in shown), "the numbers are complete"
    view = answer_view(inputs)
    assert view is not None and view.is_cut
    assert {mechanism.title: mechanism.marks.beyond for mechanism in view.mechanisms}["Global context (GC)"] == (
        True,
        True,
    )
    page = report_page(gather_page(inputs))
    assert "Arrow: the interval goes on beyond the axis." in page and 'class="beyond"' in page


def test_all_views_have_the_same_order_and_mark_synthetic_images(tmp_path: Path) -> None:
    chosen = configuration(tmp_path, datasets=("phantom", "breastmnist", "retinamnist"))
    effects = {"vanilla": 0.0, "se": 0.05, "gc": -2.5, "sa": 3.0}  # not in the order of the paper's arms
    inputs = inputs_of(tmp_path, chosen, measurements(chosen, effects))
    titles = ["CBAM's spatial attention (SA)", "Global context (GC)", "Squeeze and excitation (SE)"]
    rows = inputs.answer[inputs.answer["level"] == "pooled"]
    assert [*rows["title"]] == titles
    assert all("3 data sets, among them Phantom (synthetic)" in text for text in rows["sentence"])
    assert all("Phantom (synthetic) are drawn by the software" in note for note in rows["note"])
    file = (inputs.results.tables / "answer.md").read_text()
    told = "\n".join(summary_lines(inputs))
    for text in (file, told):
        places = [text.index(title) for title in titles]
        assert places == sorted(places) and "Phantom (synthetic)" in text
    table = [line for line in file.splitlines() if line.startswith("|")]
    assert "Phantom (synthetic), BreastMNIST, RetinaMNIST" in table[2]
    columns = [line.strip("|").split("|") for line in table]
    assert all(any(field.strip() for field in column) for column in zip(*columns[2:], strict=True)), "no empty column"
    assert "Time per step" not in file and "p: of no effect on average, corrected by Holm's method" in file
    view = answer_view(inputs)
    assert view is not None and [mechanism.title for mechanism in view.mechanisms] == titles
    page = report_page(gather_page(inputs))
    assert "4 of them on synthetic images" in page
    paper = inputs.configuration.papers[0]
    drawing = drawer("forest_plot")(inputs, paper, paper.figures["forest"])
    assert [*drawing.numbers["title"].unique()] == titles
    assert "Phantom (synthetic)" in [label.get_text() for label in drawing.figure.axes[0].get_yticklabels()]


def test_a_selection_without_a_mechanism_has_no_answer(tmp_path: Path) -> None:
    chosen = configuration(tmp_path)
    inputs = inputs_of(tmp_path, chosen, measurements(chosen)[:0])
    assert answer_view(inputs) is None
    assert 'id="answer"' not in report_page(gather_page(inputs))
    paper = chosen.papers[0]
    assert "reason" in drawer("forest_plot")(inputs, paper, paper.figures["forest"]).numbers


def test_claims_are_counted_apart_and_those_outside_are_folded_away(inputs: Inputs) -> None:
    common = dict.fromkeys(CLAIMS.columns, "") | {"paper": "tiny", "table": "main", "stand_in": "False"}
    claims = [
        ("number", "accuracy", "reproduced", "judged"),
        ("number", "accuracy", "not measured", "another recipe"),
        ("number", "params_m", "reproduced", "judged"),
        ("comparison", "params_m", "not reproduced", "judged"),
        ("comparison", "accuracy", "inconclusive", "judged"),
        ("number", "accuracy", "not measured", "outside this selection"),
    ]
    rows = [
        {**common, "claim": f"claim {number}", "kind": kind, "metric": metric, "verdict": verdict, "state": state}
        for number, (kind, metric, verdict, state) in enumerate(claims)
    ]
    pd.DataFrame(rows).to_csv(inputs.results.claims, index=False)
    gathered = gather_page(inputs)
    scores, costs, comparisons = gathered.claims
    assert (scores.kind, scores.verdicts["reproduced"], scores.states) == ("scores", 1, {"another recipe": 1})
    assert (costs.kind, costs.verdicts["reproduced"], costs.verdicts["not reproduced"]) == ("costs", 1, 1)
    assert (comparisons.kind, comparisons.verdicts["inconclusive"], comparisons.states) == ("comparisons", 1, {})
    assert (gathered.total.claims, gathered.total.outside) == (5, 1)
    page = report_page(gathered)
    assert "Published claims reproduced: 1 of 1 scores, 1 of 2 costs, 0 of 1 comparisons with a verdict." in page
    assert re.search(r"<details><summary>Show 1 row</summary>\s*<table class=\"big\" id=\"table-outside\"", page)
    assert "1 another recipe" in page


@pytest.mark.browser
@pytest.mark.parametrize("screen", SCREENS)
def test_the_answer_is_visible_without_scrolling(
    browser: Any,  # noqa: F811
    inputs: Inputs,
    tmp_path: Path,
    screen: str,
) -> None:
    width, height = SCREENS[screen]
    write_claims(inputs.results)
    path = page_at(tmp_path, report_page(gather_page(inputs)))
    page, wrong = opened(browser, path, viewport={"width": width, "height": height})
    for selector in ("#answer .headline", "#answer .said > p", "#answer svg.forest"):
        for one in page.locator(selector).all():
            box = one.bounding_box()
            assert box and box["y"] >= 0 and box["y"] + box["height"] <= height, selector
            assert box["x"] >= 0 and box["x"] + box["width"] <= width, selector
    assert page.locator("#answer .said > p").count() == 3
    assert wrong == []


def test_where_all_effects_are_open_the_axis_shows_their_intervals() -> None:
    rows = pd.DataFrame(
        {
            "difference": [1.3, 0.0, -0.6],
            "low": [-10.7, -4.3, -100.0],
            "high": [13.2, 4.3, 100.0],
            "prediction_low": float("nan"),
            "prediction_high": float("nan"),
            "margin": 1.0,
            "verdict": "open",
            "unit": "percent",
        }
    )
    assert forest_reach(rows.iloc[:2]) == 14
    assert 13.2 < forest_reach(rows) < 20
    assert forest_reach(rows.assign(verdict=["open", "helps", "open"])) < 10


def test_a_difference_of_nothing_has_one_sign() -> None:
    assert {signed(value) for value in (0.0, -0.0, -4e-17, 3e-15, -0.04)} == {"+0.0"}
