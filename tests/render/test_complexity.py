"""Tables and figures of the costs of networks."""

import csv
import json

import pandas as pd
import pytest

PUBLISHED = (
    "paper,table,dataset,backbone,arm,split,metric,class_name,mean,std,unit,n_test,flags\n"
    "tiny,tiny-table,phantom,net,vanilla,test,accuracy,,78.65,,percent,,\n"
    "tiny,tiny-table,phantom,net,vanilla,model,params_m,,0.72,,M,,\n"
    "tiny,tiny-table,phantom,net,vanilla,model,gflops,,9.99,,G,,\n"
)
FIGURE = {"title": "Cost", "kind": "accuracy_against_cost"}


@pytest.fixture
def counted(project):
    """The project with published costs, costs counted, nothing trained."""
    project.configure({"figures": {"costs": FIGURE}})
    (project.root / "papers" / "tiny" / "published.csv").write_text(PUBLISHED)
    project.plan()
    for command in (["measure"], ["compare"], ["complexity", "--write"]):
        assert project.medattn(*command) == 0
    return project


def test_the_table_is_written_in_every_format_with_a_caption(counted):
    assert counted.medattn("render", "--table", "tiny-complexity") == 0
    for suffix in ("csv", "md", "tex", "html"):
        text = (counted.results.tables / f"tiny-complexity.{suffix}").read_text()
        assert "0.72" in text
        assert "9.99" in text
        assert "differs" in text
    caption = (counted.results.captions / "tiny-complexity.rst").read_text()
    assert "multiply-accumulate operations for one image" in caption
    assert "Verdicts on 1 published rows: differs 1." in caption


def test_networks_without_a_published_cost_are_shown_as_well(counted):
    assert counted.medattn("render", "--table", "tiny-complexity") == 0
    with (counted.results.tables / "tiny-complexity.csv").open(newline="") as stream:
        shown = {row["arm"]: row["verdict"] for row in csv.DictReader(stream)}
    assert shown == {"vanilla": "differs", "gsa": "not published"}


def test_rendering_a_selection_includes_costs_only_if_they_were_counted(counted):
    counted.results.complexity.unlink()
    figures = {"costs": FIGURE}
    counted.configure({"figures": {**dict.fromkeys(figures), "tiny-figure": None}})
    counted.plan()
    assert counted.medattn("render") == 0
    assert not (counted.results.tables / "tiny-complexity.md").exists()
    assert counted.medattn("complexity", "--write") == 0
    assert counted.medattn("render") == 0
    assert (counted.results.tables / "tiny-complexity.md").exists()


def test_without_counts_the_table_says_what_to_run(counted, capsys):
    counted.results.complexity.unlink()
    assert counted.medattn("render", "--table", "tiny-complexity") == 2
    assert "medattn complexity --write" in capsys.readouterr().err


def test_a_damaged_file_is_one_line(counted, capsys):
    counted.results.complexity.write_text("paper,table\n")
    capsys.readouterr()
    assert counted.medattn("render", "--table", "tiny-complexity") == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_figure_shows_published_accuracy_if_nothing_was_measured(counted):
    assert counted.medattn("render", "--figure", "costs") == 0
    drawn = pd.read_csv(counted.results.figures / "costs.csv")
    assert drawn[["arm", "accuracy", "measured"]].to_dict("records") == [
        {"arm": "vanilla", "accuracy": 78.65, "measured": False}
    ]
    caption = (counted.results.captions / "costs.rst").read_text()
    assert "Hollow: published accuracy" in caption


def test_a_figure_shows_reproduced_accuracy_if_it_was_measured(counted):
    counted.configure({"figures": {"costs": {**FIGURE, "cost": "parameters"}}})
    for command in (["train"], ["measure"], ["compare"], ["complexity", "--write"], ["render", "--figure", "costs"]):
        assert counted.medattn(*command) == 0
    drawn = pd.read_csv(counted.results.figures / "costs.csv")
    assert list(drawn["arm"]) == ["vanilla", "gsa"]
    assert drawn["measured"].all()
    assert drawn["cost"].iloc[0] == pytest.approx(0.7235, abs=1e-4)


@pytest.mark.parametrize("key", [{"cost": "macs"}, {"arms": ["vanilla"]}])
def test_keys_of_this_kind_belong_to_it(project, capsys, key):
    project.configure({"figures": {"tiny-figure": key}})
    assert project.medattn("plan") == 2
    assert "belongs to figures of the kind 'accuracy_against_cost'" in capsys.readouterr().err


def test_the_workflow_knows_the_table(project):
    project.plan()
    assert "tiny-complexity" in json.loads(project.results.graph.read_text())["tables"]
