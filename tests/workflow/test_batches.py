"""Jobs that render a paper or choose the settings of a data set: what they hold, and that unchanged files stay."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Project
from tests.made_up_runs import finish_runs
from tests.workflow.test_snakemake import snakemake

CURVES = {"title": "Curves", "kind": "learning_curve"}
READINGS = {"title": "Readings", "kind": "specification_curve"}
FIGURES = {"tiny-figure": None, "curves": CURVES, "readings": READINGS}
TABLES = {"tiny-table": {"title": "A table"}, "second-table": {"title": "Another table", "metrics": ["auc"]}}
ITEMS = {"tables/tiny-table.csv", "tables/second-table.csv", "figures/curves.csv", "figures/readings.csv"}


def measured(project: Project, figures: dict = FIGURES, **paper: object) -> None:
    """Configure a paper whose runs are made up, and take it to the stage before rendering."""
    project.configure({"tables": TABLES, "figures": figures, **paper})
    finish_runs(project.plan(), project.results)
    for stage in (["measure"], ["compare"], ["answer"]):
        assert project.medattn(*stage, "--plan", str(project.results.plan)) == 0


def render(project: Project, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[set[str], set[str]]:
    """Render what has changed; return the names that the command says it rendered and left."""
    capsys.readouterr()
    assert project.medattn("plan", "--write") == 0
    assert project.medattn("render", "--plan", str(project.results.plan), "--changed", *arguments) == 0
    said = capsys.readouterr().out
    found = [re.search(rf"{words} (.*)", said) for words in (": rendered", "up to date are")]
    rendered, left = (set(names[1].split(", ")) if names else set() for names in found)
    return rendered - {"nothing"}, left


ALL = {"tiny-table", "second-table", "curves", "readings"}


def test_only_what_would_change_is_rendered(project, capsys):
    measured(project)
    assert render(project, capsys) == (ALL, set())
    assert render(project, capsys) == (set(), ALL)

    project.configure({"tables": TABLES, "figures": {**FIGURES, "curves": {**CURVES, "note": "Half of them"}}})
    assert render(project, capsys) == ({"curves"}, ALL - {"curves"})
    assert "Half of them." in (project.results.captions / "curves.rst").read_text()

    project.configure({"tables": {**TABLES, "tiny-table": {"title": "Renamed"}}, "figures": FIGURES})
    assert render(project, capsys)[0] == {"tiny-table", "curves"}

    project.configure({"tables": TABLES, "figures": {**FIGURES, "third": {**READINGS, "metric": "auc"}}})
    assert render(project, capsys)[0] == {"tiny-table", "third"}

    # Every table and figure shows the label of an arm, and the order of arms is the order of rows.
    project.configure({"tables": TABLES, "figures": FIGURES, "arms": {"gsa": {"label": "Global"}}})
    assert render(project, capsys)[0] == ALL


@pytest.mark.parametrize("name", ["tables/second-table.tex", "captions/readings.rst"])
@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_text("edited")], ids=["missing", "edited"])
def test_a_file_that_is_missing_or_edited_is_rendered_again(project, capsys, name, damage):
    measured(project)
    render(project, capsys)
    path = project.results.folder / name
    before = path.read_bytes()
    damage(path)
    assert render(project, capsys)[0] == {path.stem}
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", ["", '{"tables/tiny-table": 3}'])
def test_without_readable_stamps_everything_is_rendered(project, capsys, content):
    measured(project)
    render(project, capsys)
    project.results.rendered("tiny").write_text(content)
    assert render(project, capsys) == (ALL, set())
    assert set(json.loads(project.results.rendered("tiny").read_text())) == {
        *(f"tables/{name}" for name in TABLES), "figures/curves", "figures/readings"
    }  # fmt: skip


def test_changed_measurements_published_values_and_runs_count(project, capsys):
    measured(project)
    render(project, capsys)
    table = project.results.measurements.read_text()
    project.results.measurements.write_text(table + table.splitlines()[-1] + "\n")
    assert render(project, capsys)[0] == ALL
    project.results.measurements.write_text(table)
    render(project, capsys)
    (project.root / "papers/tiny/published.csv").write_text(
        "paper,table,dataset,backbone,arm,metric,mean,unit\ntiny,tiny-table,phantom,net,gsa,accuracy,50.00,percent\n"
    )
    assert render(project, capsys)[0] == ALL
    record = next((project.results.folder / "runs").glob("*/train-*/record.json"))
    record.write_text(record.read_text() + "\n")
    assert render(project, capsys) == ({"curves", "readings"}, set(TABLES))


def test_unknown_papers_and_groups_are_named(project, capsys):
    measured(project)
    assert project.medattn("render", "--paper", "tyni") == 2
    assert "unknown paper 'tyni'; did you mean 'tiny'?" in capsys.readouterr().err
    assert project.medattn("tune", "--group", "tiny.phantom.net", "--group", "tiny.phantom.nett") == 2
    assert "did you mean 'tiny.phantom.net'?" in capsys.readouterr().err


def modules_after(project: Project, *arguments: str) -> set[str]:
    code = f"import sys; from medattn.__main__ import main; assert main({list(arguments)!r}) == 0; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=project.root, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


TRAINING = {"torch", "torchvision", "timm", "sklearn"}
DRAWING = {"matplotlib", "seaborn", "scipy"}


@pytest.mark.heavy
def test_jobs_import_no_library_that_they_do_not_need(project):
    measured(project)
    plan = ["--plan", str(project.results.plan)]
    unneeded = {
        ("tune", *plan): TRAINING | DRAWING | {"pandas"},
        ("render", *plan, "--table", "tiny-table"): TRAINING | DRAWING,
        ("render", *plan, "--figure", "curves"): TRAINING,
        ("render", *plan, "--changed", "--table", "tiny-table"): TRAINING | DRAWING | {"pandas"},
        ("measure", *plan): TRAINING | DRAWING,
        ("compare", *plan): TRAINING | DRAWING - {"scipy"},
        ("answer", *plan): TRAINING | DRAWING - {"scipy"},
    }
    for command, names in unneeded.items():
        assert not modules_after(project, *command) & names, command


def two_backbones(project: Project) -> None:
    net = {"model": "torchvision/squeezenet1_1", "input_size": 28}
    picture = {"source": {"size": 12, "counts": {"train": [10, 10], "test": [6, 6]}}, "classes": ["healthy", "ill"]}
    project.configure(
        {"backbones": {"wide": net}, "arms": {"gsa": {"grid": {"recipe.learning_rate": [0.001, 0.01]}}}},
        papers={"tiny": {"datasets": ["phantom", "other"]}},
        datasets={"other": {**picture, "title": "Other", "source": {"kind": "phantom", **picture["source"]}}},
    )


def test_training_waits_for_the_choices_of_its_data_set_only(project):
    two_backbones(project)
    project.plan()
    graph = json.loads(project.results.graph.read_text())
    assert set(graph["choices"]) == {"tiny.phantom", "tiny.other"}
    for batch, groups in graph["choices"].items():
        assert groups == [f"{batch}.net", f"{batch}.wide"]
        dataset = batch.partition(".")[2]
        files = [str(project.results.tuned(group).relative_to(project.root)) for group in groups]
        assert all(f".{dataset}." in pack for file in files for pack in graph["tuned"][file]["packs"])
        assert set(files) <= set(graph["measured"])
    assert len(graph["tuned"]) == 4


def rendered_by_jobs(project: Project) -> str:
    return (project.results.folder / "logs/render/tiny.log").read_text()


@pytest.mark.heavy
@pytest.mark.workflow
def test_snakemake_renders_a_changed_figure_alone(project):
    project.configure({"tables": TABLES, "figures": {**FIGURES, "curves": {**CURVES, "title": "Odd {{ title }} {%"}}})
    first = snakemake(project)
    assert first.returncode == 0, first.stderr
    assert "tiny-table, second-table, tiny-complexity, curves, readings" in first.stderr
    report = snakemake(project, "--report", "results/trial/snakemake-report.html")
    assert report.returncode == 0, report.stderr
    page = (project.results.folder / "snakemake-report.html").read_text()
    assert all(name in page for name in ("tiny-table", "second-table", "curves", "readings"))
    assert "Odd {{ title }} {%" in page

    before = {name: (project.results.folder / name).stat().st_ino for name in ITEMS}
    project.configure({"tables": TABLES, "figures": FIGURES})
    again = snakemake(project)
    assert again.returncode == 0, again.stderr
    assert "rendered curves\n" in rendered_by_jobs(project)
    assert not any(f"Job {words}" in again.stderr for words in ("Measuring", "Comparing"))
    after = {name: (project.results.folder / name).stat().st_ino for name in ITEMS}
    assert {name for name in ITEMS if after[name] != before[name]} == {"figures/curves.csv"}
    assert "Nothing to be done" in snakemake(project).stderr
