"""A kind of figure is added by one new file."""

from pathlib import Path

import pandas as pd
import pytest

from medattn.config import figure_kinds
from medattn.render.figures import kinds

NEW_KIND = '''"""Number of classes of each data set.

Further text of the docstring.
"""

import pandas as pd
from matplotlib.figure import Figure

from medattn.render.figures.drawing import Drawing

NEEDED_KEYS = ("arm",)
OPTIONAL_KEYS = ("backbone",)


def draw(inputs, paper, declared):
    counts = {name: len(inputs.configuration.datasets[name].classes) for name in paper.datasets}
    figure = Figure()
    figure.subplots().bar(list(counts), list(counts.values()))
    numbers = pd.DataFrame({"dataset": list(counts), "classes": list(counts.values())})
    return Drawing(figure, numbers, datasets=list(counts), facts=[f"Bars: classes; arm {declared.arm}."])
'''


@pytest.fixture
def new_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "new_kinds"
    folder.mkdir()
    (folder / "class_counts.py").write_text(NEW_KIND)
    monkeypatch.setattr(figure_kinds, "KINDS_FOLDER", folder)
    monkeypatch.setattr(kinds, "__path__", [*kinds.__path__, str(folder)])
    figure_kinds.figure_kinds.cache_clear()
    yield
    figure_kinds.figure_kinds.cache_clear()


def test_a_new_file_is_validated_drawn_and_captioned(project, new_kind):
    figure = {"title": "Classes", "kind": "class_counts", "arm": "gsa"}
    project.configure({"figures": {"tiny-figure": None, "counts": figure}})
    project.plan()
    for command in (["fetch", "--config", "config.yaml"], ["measure"], ["compare"], ["render", "--figure", "counts"]):
        assert project.medattn(*command) == 0
    assert pd.read_csv(project.results.figures / "counts.csv").to_dict("records") == [
        {"dataset": "phantom", "classes": 2}
    ]
    assert (project.results.figures / "counts.png").is_file()
    assert (project.results.captions / "counts.rst").read_text().startswith("Classes. Bars: classes; arm gsa.")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "class_count", "arm": "gsa"}, "did you mean 'class_counts'"),
        ({"kind": "class_counts"}, "needs the key 'arm'"),
        ({"kind": "class_counts", "arm": "gsa", "images": 2}, "the key 'images' belongs to"),
    ],
)
def test_wrong_keys_of_a_new_kind_are_refused(project, new_kind, capsys, keys, message):
    project.configure({"figures": {"tiny-figure": None, "counts": {"title": "Classes", **keys}}})
    assert project.medattn("plan") == 2
    assert message in capsys.readouterr().err


def test_the_first_line_of_the_docstring_describes_the_kind(new_kind):
    kind = figure_kinds.figure_kinds()["class_counts"]
    assert (kind.summary, kind.needed, kind.optional) == ("number of classes of each data set", {"arm"}, {"backbone"})
