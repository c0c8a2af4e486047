"""Metrics and figures of the user, `module:function`: measured, drawn, sealed, and refused with file and line."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from tests.compare.test_table import trained
from tests.conftest import Project

METRIC = '''"""Error rate."""

import numpy as np

from medattn.metrics.metric import Metric
from medattn.metrics.scored import Values


def error_rate(images):
    """Share of the images that are not recognized."""
    return [Values(100 - 100 * images.hits.sum(axis=0) / images.total)]


METRICS = {"error_rate": Metric("Error", "error rate", higher_is_better=False, values=error_rate)}
'''
FIGURE = '''"""Own figures."""

import pandas as pd
from matplotlib.figure import Figure

from medattn.render.figures.drawing import Drawing

OPTIONAL_KEYS = ("arm",)


def draw(inputs, paper, declared):
    """Number of rows that were measured."""
    figure = Figure()
    figure.subplots().bar(["rows"], [len(inputs.measurements)])
    return Drawing(figure, pd.DataFrame({"rows": [len(inputs.measurements)]}), facts=["Bar: rows."])
'''
PAPER = {
    "arms": {"vanilla": {}, "gsa": {"mechanism": "gsa"}},
    "protocol": {"kind": "fixed_epoch", "folds": None, "measured_epochs": None},
    "figures": None,
    "tables": {"tiny-table": {"metrics": ["accuracy", "own_error:error_rate"]}},
}
PAPERS = {
    "tiny": {"extra_figures": {"rows": {"title": "Rows", "kind": "own_rows:draw", "arm": "gsa"}}},
}


@pytest.fixture
def own(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project with a metric and a figure of the user, and a finished run of each arm."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    (project.root / "own_error.py").write_text(METRIC)
    (project.root / "own_rows.py").write_text(FIGURE)
    project.configure(PAPER, papers=PAPERS, seeds=[0, 1, 2])
    yield project
    forget()


def forget() -> None:
    for name in ("own_error", "own_rows"):
        sys.modules.pop(name, None)


def audit_from_elsewhere(own: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The code of a project that is not the working directory's is run only when asked; no compiled file is left."""
    audit = ["audit", str(own.root / "results/trial"), "--check", "tables"]
    forget()
    with monkeypatch.context() as patch:
        patch.chdir("/")
        capsys.readouterr()
        assert own.medattn(*audit) == 3
        assert f"    medattn {' '.join(audit[:2])} --run-own-code" in capsys.readouterr().out
        assert own.medattn(*audit, "--replay", "1", "--all") == 3
        assert "own_error:error_rate, own_rows:draw: no run was replayed" in capsys.readouterr().out
        assert not {"own_error", "own_rows"} & sys.modules.keys()
        assert own.medattn(*audit, "--run-own-code") == 3, "made-up runs have no images"
        assert "own Python code" not in capsys.readouterr().out
    assert "own_error" in sys.modules
    assert not list(own.root.rglob("__pycache__"))


@pytest.mark.slow
def test_both_are_measured_compared_drawn_and_sealed(
    own: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trained(own)
    for command in (["plan", "--write"], ["measure"], ["compare"], ["render"], ["audit", "results/trial", "--seal"]):
        assert own.medattn(*command) == 0, capsys.readouterr().err
    rows = pd.read_csv(own.results.measurements)
    values = rows[rows["procedure"] == "runs"].pivot(index="arm", columns="metric", values="value")
    assert values["own_error:error_rate"].tolist() == pytest.approx((100 - values["accuracy"]).tolist())
    compared = pd.read_csv(own.results.comparisons)
    differences = compared[compared["test"] == "bootstrap"].set_index("metric")["difference"]
    assert differences["own_error:error_rate"] == pytest.approx(-differences["accuracy"])
    assert "Error" in (own.results.tables / "tiny-table.md").read_text()
    assert pd.read_csv(own.results.figures / "rows.csv")["rows"].tolist() == [len(rows)]
    assert (own.results.captions / "rows.rst").read_text().startswith("Rows. Bar: rows.")
    sealed = json.loads(own.results.manifest.read_text())["papers"]
    assert {"own_error.py", "own_rows.py"} <= sealed.keys()
    graph = json.loads(own.results.graph.read_text())
    assert "own_error.py" in graph["measured"]

    audit_from_elsewhere(own, monkeypatch, capsys)

    # Title and words of a metric are shown, so another title is another table.
    declared = graph["rendered"]["tiny"]["declared"]["tables/tiny-table"]
    (own.root / "own_error.py").write_text(METRIC.replace('"Error"', '"Mistakes"'))
    forget()
    assert own.medattn("plan", "--write") == 0
    graph = json.loads(own.results.graph.read_text())
    assert graph["rendered"]["tiny"]["declared"]["tables/tiny-table"] != declared
    assert own.medattn("render", "--paper", "tiny", "--changed") == 0
    assert "Mistakes" in (own.results.tables / "tiny-table.md").read_text()

    # An edit is another figure, and the audit sees it.
    declared = graph["rendered"]["tiny"]["declared"]["figures/rows"]
    (own.root / "own_rows.py").write_text(FIGURE.replace("[len(inputs.measurements)]", "[0]"))
    forget()
    assert own.medattn("plan", "--write") == 0
    graph = json.loads(own.results.graph.read_text())
    assert graph["rendered"]["tiny"]["declared"]["figures/rows"] != declared
    capsys.readouterr()
    assert own.medattn("audit", "results/trial", "--check", "seal") in (1, 3)
    assert "own_rows.py" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("def error_rate", "def error_rat", "own_error.py: unknown function 'error_rate'; did you mean 'error_rat'?"),
        ("import numpy as np", "import", "own_error.py:3: invalid Python"),
        ("higher_is_better=False", "higher=False", "own_error.py:14: a metric of your own has no 'higher'; remove it"),
        ("higher_is_better=False", "least='a'", "own_error.py:14: 'least' of a metric must be float, not 'a'"),
        ('"error rate", ', '"error rate", unit="giga", ', "'unit' of a metric must be one of percent, fraction"),
        ("higher_is_better=False", "least=np.pi", "'least' of a metric is read without importing the file"),
        (", values=error_rate", "", "own_error.py:14: the metric 'error_rate' needs values=error_rate, its function"),
        ("values=error_rate", "values=error_rat", "own_error.py:14: the metric 'error_rate' needs values=error_rate"),
        (
            '{"error_rate":',
            '{"error_rat":',
            "the metric of the function error_rate must have its name",
        ),
        ('METRICS = {"error_rate": ', 'METRICS = [{"a": ', "own_error.py:14: invalid Python"),
        (
            "values=error_rate)}",
            "values=error_rate)}.copy()",
            "own_error.py:14: METRICS must be a dictionary",
        ),
    ],
)
def test_a_metric_that_cannot_be_read_is_refused_before_anything_starts(own, capsys, old, new, message):
    (own.root / "own_error.py").write_text(METRIC.replace(old, new))
    assert own.medattn("plan") == 2
    shown = capsys.readouterr().err
    assert message in shown and "papers/tiny/paper.yaml: tables.tiny-table.metrics" in shown, shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[Values(100", "[float(100", "own_error.py:9: own_error:error_rate returned a list of ndarray, not a list of"),
        (
            "return [",
            "return None and [",
            "own_error.py:9: own_error:error_rate returned NoneType, not a list of Values",
        ),
        ("100 - 100 *", "200 - 100 *", "outside of 0 to 100 (unit: percent)"),
        ("100 * images.hits", "np.nan * images.hits", "returned NaN; where it is undefined, its Values need a `note`"),
        ("images.total)", "images.total, 'ill')", "returned values for the classes ill, not ''"),
        (".sum(axis=0)", "", "returned ndarray of shape (2, 1)"),
        ("images.hits", "images.hit", "own_error.py:11: error_rate raised AttributeError: 'Scored' object has no"),
        ("import numpy as np", "import numpyy", "own_error.py:3: can't be imported: ModuleNotFoundError"),
        ("import numpy as np", "import sys; sys.exit(0)", "own_error.py:3: can't be imported: SystemExit: 0"),
        ("    return [", "    exit(0)\n    return [", "error_rate raised SystemExit: 0"),
    ],
)
def test_what_a_metric_returns_is_checked(own, monkeypatch, old, new, message):
    import numpy as np

    from medattn.errors import UserError
    from medattn.metrics.evaluate import measure
    from medattn.metrics.scored import Scored

    text = METRIC.replace("return [Values(", "return [np.array(") if new.startswith("[float") else METRIC
    (own.root / "own_error.py").write_text(text if new.startswith("[float") else text.replace(old, new))
    scored = Scored(np.eye(2)[[0, 1, 1]], np.array([0, 1, 0]), ("well", "ill"))
    with pytest.raises(UserError) as error:
        measure("own_error:error_rate", scored)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "return Drawing(",
            "return figure or Drawing(",
            "own_rows.py:11: own_rows:draw returned Figure, not a Drawing",
        ),
        ("Drawing(figure,", "Drawing(None,", "own_rows.py:11: `figure` of its Drawing is NoneType, not Figure"),
        ('facts=["Bar: rows."]', "['other']", "`datasets` of its Drawing names 'other'"),
        ("figure = Figure()", "figure = 1 / 0", "own_rows.py:13: draw raised ZeroDivisionError: division by zero"),
    ],
)
def test_what_a_figure_returns_is_checked(own, old, new, message):
    from medattn.config.load import read_configuration
    from medattn.errors import UserError
    from medattn.render.figures.drawing import drawer

    (own.root / "own_rows.py").write_text(FIGURE.replace(old, new))
    configuration = read_configuration(None, Path())
    (paper,) = configuration.papers

    class Inputs:
        measurements = pd.DataFrame({"value": [1]})

    inputs = Inputs()
    inputs.configuration = configuration
    with pytest.raises(UserError) as error:
        drawer("own_rows:draw")(inputs, paper, paper.figures["rows"])
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("figure", "message"),
    [
        ({"kind": "own_rows:drow"}, "unknown function 'drow'; did you mean 'draw'?"),
        ({"kind": "own_row:draw"}, "no module 'own_row': searched as a file in"),
        ({"kind": "own_rows:draw", "images": 3}, "`OPTIONAL_KEYS` in the file of 'own_rows:draw' can allow it"),
        ({"kind": "own_rows:draw", "arm": "gsaa"}, "extra_figures.rows.arm: unknown arm 'gsaa'; did you mean 'gsa'?"),
        ({"kind": "own-rows:draw"}, "(write your own as module:function)"),
    ],
)
def test_a_figure_that_is_declared_wrongly_is_refused(own, capsys, figure, message):
    own.configure(PAPER, papers={"tiny": {"extra_figures": {"rows": {"title": "Rows", **figure}}}})
    assert own.medattn("plan") == 2
    assert message in capsys.readouterr().err
