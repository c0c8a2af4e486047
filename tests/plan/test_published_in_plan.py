"""Published values and facts are read when a plan is made, not after the training that they are compared with."""

from pathlib import Path

import pytest

from medattn.__main__ import main

ROW = "mine,{table},mine,{backbone},{arm},test,{metric},,85.5,0.8,percent,40,\n"
NAMES = {"table": "mine-table-1", "backbone": "tiny-resnet", "arm": "gsa", "metric": "accuracy"}


@pytest.fixture
def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """Folder of a new paper, which has no published values yet."""
    monkeypatch.chdir(tmp_path)
    assert main(["new", "paper", "mine"]) == 0
    capsys.readouterr()
    return Path("papers", "mine")


def add(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write(text)


def plan(capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main(["plan", "--config", "config/mine.yaml"])
    return code, *capsys.readouterr()


def test_a_paper_without_values_is_planned(paper, capsys):
    assert plan(capsys)[0] == 0
    add(paper / "published.csv", ROW.format(**NAMES))
    code, out, _ = plan(capsys)
    assert code == 0
    assert "warning" not in out


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("published.csv", "mine,t,oops\n", "line 2: 3 fields, but the first line names 13"),
        ("published.csv", ROW.format(**NAMES).replace("mine,", "other,", 1), "the column 'paper' names 'other'"),
        ("published.csv", ROW.format(**NAMES).replace("percent", "pct"), "did you mean 'percent'?"),
        ("published.csv", ROW.format(**{**NAMES, "metric": "os:getcwd"}), "'os:getcwd' is not among the metrics"),
        ("published.csv", ROW.format(**NAMES).replace("85.5", "9" * 99), "line 2: '999"),
        ("published.csv", 2 * ROW.format(**NAMES), "line 3: the value of line 2 again"),
        ("facts.yaml", "statements: [", "papers/mine/facts.yaml"),
        ("facts.yaml", "significanse: []\n", "did you mean 'significance'?"),
    ],
)
def test_a_damaged_file_stops_the_plan_in_one_line(paper, capsys, file, text, message):
    add(paper / file, text)
    code, out, err = plan(capsys)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert message in err


@pytest.mark.parametrize(
    ("column", "wrong"),
    [("table", "mine-table-9"), ("backbone", "tinyresnet"), ("arm", "gsaa"), ("metric", "acuracy")],
)
def test_a_name_of_nothing_is_a_warning(paper, capsys, column, wrong):
    other = ROW.format(**{**NAMES, column: wrong})
    add(paper / "published.csv", ROW.format(**NAMES) + other + other.replace(",test,", ",val,"))
    code, out, _ = plan(capsys)
    (line,) = [line for line in out.splitlines() if "warning" in line]
    assert code == 0
    assert f"2 values are never compared with results: unknown {column} '{wrong}'" in line
    assert f"did you mean '{NAMES[column]}'?" in line


@pytest.mark.parametrize(("arm", "option"), [("gsa", "channel"), ("vanilla", "channels")])
def test_a_figure_of_an_option_that_the_arm_does_not_have_stops_the_plan(paper, capsys, arm, option):
    text = (paper / "paper.yaml").read_text(encoding="utf-8")
    figure = f"figures:\n  varying: {{title: Options, kind: sensitivity, arm: {arm}, varied: [{option}]}}\n"
    (paper / "paper.yaml").write_text(text.replace("figures:\n", figure), encoding="utf-8")
    code, _, err = plan(capsys)
    assert (code, len(err.splitlines())) == (2, 1)
    assert f"paper.yaml: figures.varying.varied: unknown option '{option}'" in err
