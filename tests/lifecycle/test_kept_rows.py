"""A file of a later stage keeps its values where a file that it follows from is missing."""

import shutil

import pandas as pd
import pytest

from medattn.complexity.rows import write_complexity
from medattn.errors import UserError
from medattn.plan.kept_rows import write_keeping_values
from tests.conftest import Project

from .conftest import content

OLD = "name,part,value,note\na,x,1,\na,y,2,\nb,x,,no run\n"


@pytest.fixture
def answered(trained: Project) -> Project:
    for command in (["complexity", "--write"], ["compare"], ["judge"], ["answer"]):
        assert trained.medattn(*command) == 0
    return trained


@pytest.mark.parametrize(
    ("command", "missing", "says"),
    [
        ("compare", "readings.csv", "multiverse.csv"),
        ("compare", "runs/tiny.mine.net.se", "comparisons.csv"),
        ("answer", "complexity.csv", "answer.csv: stopped, because 1 of its values would get lost"),
    ],
)
def test_a_missing_input_takes_no_value_away(answered, capsys, command, missing, says):
    path = answered.results.folder / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    plan = str(answered.results.plan)
    before = content(answered)
    capsys.readouterr()
    assert answered.medattn(command, "--plan", plan) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line
    assert "--allow-fewer" in line
    assert content(answered) == before
    assert answered.medattn(command, "--plan", plan, "--allow-fewer") == 0
    assert content(answered) != before


def test_counts_of_networks_stay(answered):
    path = answered.results.complexity
    rows = pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")
    uncounted = [{**row, "params": "", "gmacs": "", "note": "its mechanism is not here"} for row in rows]
    before = path.read_bytes()
    with pytest.raises(UserError, match=r"params of tiny .* its mechanism is not here"):
        write_complexity(path, uncounted)
    assert path.read_bytes() == before
    write_complexity(path, uncounted, allow_fewer=True)
    assert path.read_bytes() != before
    write_complexity(path, rows)


@pytest.mark.parametrize(
    ("new", "whole", "says"),
    [
        ("name,part,value,note\na,x,1,\na,y,,gone\nb,x,3,\n", False, "1 of its values .* value of a y: gone"),
        ("name,part,value,note\na,x,,\na,y,,\n", False, "2 of its values"),
        ("name,part,value,note\na,x,5,\n", True, "value of a y: an input file is missing"),
        ("name,part,value,note\na,x,5,\n", False, ""),
        (OLD.replace("no run", "none"), True, ""),
    ],
)
def test_only_values_of_rows_that_stay_are_kept(tmp_path, new, whole, says):
    path = tmp_path / "table.csv"
    path.write_text(OLD)
    if not says:
        write_keeping_values(path, new, ["name", "part"], ["value"], allow_fewer=False, whole=whole)
        assert path.read_text() == new
        return
    with pytest.raises(UserError, match=says):
        write_keeping_values(path, new, ["name", "part"], ["value"], allow_fewer=False, whole=whole)
    assert path.read_text() == OLD
