"""`--format table|csv|json` of every command that prints rows."""

import csv
import io
import json
import math

import numpy as np
import pytest

from medattn.commands.output_format import print_rows

ROWS = [
    ["plan"],
    ["power", "--sd", "2"],
    ["why", "tiny.phantom.net.gsa"],
    ["summary"],
    ["claims", "--paper", "oct"],
    ["fetch", "--list", "breastmnist"],
]
REPORTS = {"next": "claims", "status": "packs", "audit": "findings"}
"""Commands whose JSON is a report, with the key of its rows."""


def printed(project, capsys, *arguments):
    capsys.readouterr()
    assert project.medattn(*arguments) in (0, 1, 3)
    return capsys.readouterr().out


@pytest.mark.parametrize("command", [*ROWS, ["next"], ["status"], ["audit", "results/trial", "--check", "records"]])
def test_csv_and_json_have_the_same_rows_with_numbers_as_numbers(measured_project, capsys, command):
    fields = [*csv.reader(io.StringIO(printed(measured_project, capsys, *command, "--format", "csv")))]
    value = json.loads(printed(measured_project, capsys, *command, "--format", "json"))
    rows = value[REPORTS[command[0]]] if command[0] in REPORTS else value
    header, *lines = fields
    assert len(lines) == len(rows)
    assert not rows or set(header) <= set(rows[0])
    for line, row in zip(lines, rows, strict=True):
        for name, field in zip(header, line, strict=True):
            given = row[name]
            if isinstance(given, bool):
                assert field.lower() == str(given).lower()
            elif isinstance(given, int | float):
                assert math.isclose(float(field), given)
            elif given is None:
                assert field == ""


def test_the_table_is_the_default(measured_project, capsys):
    table = printed(measured_project, capsys, "fetch", "--list", "digits")
    assert table == printed(measured_project, capsys, "fetch", "--list", "digits", "--format", "table")
    assert table.startswith("data set ")


def test_values_of_every_kind(capsys):
    rows = [{"a": np.float64(1.5), "b": math.nan, "c": "=1+1", "d": [1, "x"], "e": np.bool_(True), "f": math.inf}]
    print_rows("json", rows, "abcdef", ())
    assert json.loads(capsys.readouterr().out) == [
        {"a": 1.5, "b": None, "c": "=1+1", "d": [1, "x"], "e": True, "f": "inf"}
    ]
    print_rows("csv", rows, "abcdef", ())
    _, line = csv.reader(io.StringIO(capsys.readouterr().out))
    assert line == ["1.5", "", "'=1+1", '[1, "x"]', "True", "inf"]


def test_rows_of_why_name_each_difference(measured_project, capsys):
    measured_project.configure(
        {"protocol": {"kind": "fixed_epoch", "folds": None, "measured_epochs": None}, "recipe": {"epochs": 4}},
        seeds=[0],
    )
    value = printed(measured_project, capsys, "why", "tiny.phantom.net.vanilla", "--format", "json")
    (row,) = json.loads(value)
    assert row["decision"] == "to be trained" and row["compared"].startswith("tiny.phantom.net.vanilla/train-s0-")
    assert (row["key"], row["before"], row["now"]) == ("recipe.epochs", 3, 4)
