"""`medattn diff A B`: what differs between two results folders, as an exit code, a table and rows."""

import csv
import io
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from medattn.__main__ import main
from tests.conftest import Project, files_in


@pytest.fixture
def copy(measured_project: Project) -> Project:
    """The project, with a copy of its results in ./copy."""
    shutil.copytree(measured_project.results.folder, measured_project.root / "copy")
    return measured_project


def rows(project: Project, capsys: pytest.CaptureFixture[str], code: int = 1) -> list[dict[str, str]]:
    capsys.readouterr()
    assert project.medattn("diff", "results/trial", "copy", "--format", "csv") == code
    return [*csv.DictReader(io.StringIO(capsys.readouterr().out))]


def test_a_copy_is_equal_and_nothing_is_written(copy, capsys):
    before = files_in(copy.root)
    assert rows(copy, capsys, 0) == []
    assert copy.medattn("diff", "results/trial", "copy") == 0
    said = capsys.readouterr().out
    assert (
        "equal: selection, code, data, cells, runs, measurements.csv, comparisons.csv, claims.csv, answer.csv" in said
    )
    assert "neither folder has complexity.csv" in said
    assert said.splitlines()[-1] == "results/trial and copy: equal"
    assert files_in(copy.root) == before


def test_numbers_and_verdicts_are_compared_row_by_row(copy, capsys):
    path = copy.root / "copy" / "measurements.csv"
    table = pd.read_csv(path)
    changed = table.index[table["value"].notna()][0]
    before = table.loc[changed, "value"]
    table.loc[changed, "value"] = before + 1.5
    gone = table.index[table["value"].notna()][1]
    table.drop(index=gone).to_csv(path, index=False)
    answer = pd.read_csv(copy.root / "copy" / "answer.csv")
    answer["verdict"] = "helps"
    answer.to_csv(copy.root / "copy" / "answer.csv", index=False)
    found = rows(copy, capsys)
    number, missing = (row for row in found if row["file"] == "measurements.csv")
    assert (float(number["a"]), float(number["b"])) == (before, before + 1.5)
    assert float(number["difference"]) == pytest.approx(1.5)
    assert (missing["column"], missing["b"]) == ("value", "")
    verdicts = [row for row in found if row["part"] == "verdicts"]
    assert verdicts and {row["b"] for row in verdicts} == {"helps"}
    copy.medattn("diff", "results/trial", "copy", "--format", "json")
    first = json.loads(capsys.readouterr().out)[0]
    assert first["difference"] == pytest.approx(1.5) and isinstance(first["a"], float)


def test_selection_code_data_cells_and_runs_are_compared(copy, capsys):
    path = copy.root / "copy" / "plan.json"
    plan = json.loads(path.read_text(encoding="utf-8"))
    plan["configuration"]["seeds"] = [0, 1]
    plan["version"] = "0.0.9"
    first, second = plan["cells"].values()
    first["settings"]["code_digest"] = "1" * 64
    second["settings"]["entry_sha256"] = "2" * 64
    second["settings"]["recipe"]["epochs"] = 7
    path.write_text(json.dumps(plan), encoding="utf-8")
    record = next((copy.root / "copy" / "runs").rglob("record.json"))
    value = json.loads(record.read_text(encoding="utf-8"))
    value["outputs"]["scores.safetensors"]["sha256"] = "3" * 64
    record.write_text(json.dumps(value), encoding="utf-8")
    removed = [path for path in (copy.root / "copy" / "runs").rglob("record.json") if path != record][-1]
    removed.unlink()
    found = {(row["part"], row["column"]): row for row in rows(copy, capsys)}
    assert json.loads(found["selection", "seeds"]["b"]) == [0, 1]
    assert found["code", "version"]["b"] == "0.0.9"
    assert found["code", "code_digest"]["item"] == "1 cell"
    assert found["data", "entry_sha256"]["item"] == "phantom, 1 cell"
    assert float(found["cells", "recipe.epochs"]["difference"]) == 4
    assert found["runs", "SHA-256 of scores.safetensors"]["item"].endswith(record.parent.name)
    assert float(found["runs", "finished runs"]["difference"]) == -1


def test_what_cannot_be_compared_is_named(copy, capsys):
    claims = copy.root / "copy" / "claims.csv"
    claims.write_text("other\n1\n", encoding="utf-8")
    assert copy.medattn("diff", "results/trial", "copy") == 2
    said = capsys.readouterr().out
    assert "not compared: copy/claims.csv: no column 'claim'; delete it and run `medattn judge`" in said
    assert said.splitlines()[-1] == "results/trial and copy: no difference in what could be compared"
    claims.unlink()
    assert copy.medattn("diff", "results/trial", "copy") == 1
    assert "not compared: copy/claims.csv: no such file; run `medattn judge`" in capsys.readouterr().out


def test_long_lists_end_with_their_number_unless_asked_for(copy, capsys):
    path = copy.root / "copy" / "measurements.csv"
    table = pd.read_csv(path)
    table[["value", "n"]] += 1
    table.to_csv(path, index=False)
    assert copy.medattn("diff", "results/trial", "copy") == 1
    short = capsys.readouterr().out
    assert "more; --all shows them" in short
    assert copy.medattn("diff", "results/trial", "copy", "--all") == 1
    assert len(capsys.readouterr().out.splitlines()) > len(short.splitlines())


@pytest.mark.parametrize(
    "damage", ["{}", '{"cells": {}, "runs": {"a": {"cell": "..", "name": "x"}}, "configuration": {}}']
)
def test_a_folder_without_a_plan_is_refused(copy, capsys, damage):
    assert copy.medattn("diff", "results/trial", "nowhere") == 2
    assert capsys.readouterr().err == "medattn: nowhere: no results (no plan.json)\n"
    (copy.root / "copy" / "plan.json").write_text(damage, encoding="utf-8")
    assert copy.medattn("diff", "results/trial", "copy") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "copy/plan.json" in line


def test_kept_results_are_compared():
    reference = str(Path(__file__).parents[2] / "results" / "reference" / "attention-at-28px-cpu")
    assert main(["diff", reference, reference]) == 0
