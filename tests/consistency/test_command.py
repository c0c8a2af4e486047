"""`medattn claims`: output, options and errors."""

import csv
import io
import json

import pytest

from medattn.__main__ import main

from .conftest import HEADER, PAPERS, line


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A file of published values in a folder that is no checkout."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.csv"
    path.write_text(
        "\n".join([HEADER, line("accuracy", "87.20", n_test="156"), line("accuracy", "87.18", arm="b")]) + "\n"
    )
    return path


def test_inconsistent_values_are_results_not_failures(published, capsys):
    assert main(["claims", str(published)]) == 0
    shown = capsys.readouterr().out
    assert "inconsistent  grim  d.b.a.accuracy: 87.20; expected 136/156 = 87.18 or 137/156 = 87.82" in shown
    assert "undecidable" in shown.splitlines()[-2]


def test_csv_and_json_hold_the_same(published, capsys):
    assert main(["claims", str(published), "--format", "csv"]) == 0
    table = capsys.readouterr().out
    assert table.splitlines()[0] == "paper,table,cell,check,published,expected,verdict,note"
    assert main(["claims", str(published), "--format", "json"]) == 0
    assert list(csv.DictReader(io.StringIO(table))) == json.loads(capsys.readouterr().out)


def test_all_lists_every_value(published, capsys):
    main(["claims", str(published), "--check", "grim"])
    assert "87.18;" not in capsys.readouterr().out
    main(["claims", str(published), "--check", "grim", "--all"])
    assert "d.b.b.accuracy: 87.18; expected 136/156" in capsys.readouterr().out


def test_facts_change_the_results(published, capsys):
    facts = published.with_name("facts.yaml")
    facts.write_text("test_sets: {d: {rows: {dataset: [d]}, averaged: 30, over: runs}}\n")
    assert main(["claims", str(published), "--facts", str(facts), "--check", "grim", "--format", "csv"]) == 0
    assert "inconsistent" not in capsys.readouterr().out


def test_counts_are_read_from_the_output_of_complexity(published, capsys):
    lines = [line("params_m", "11.18", unit="M"), line("gflops", "1.90", unit="G")]
    published.write_text("\n".join([HEADER, *lines]) + "\n")
    counts = published.with_name("counts.csv")
    counts.write_text(
        "paper,table,dataset,backbone,arm,published_params_m,params,published_gflops,gmacs,verdict,counter_c2_gflops\n"
        "p,t,d,b,a,11.18,11180103,1.90,1.814,differs,1.820\n"
    )
    assert main(["claims", str(published), "--counts", str(counts), "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["published"], row["expected"], row["verdict"]) for row in rows if row["check"] == "counts"] == [
        ("11.18", "11.18", "consistent"),
        ("1.90", "1.81 or 1.82", "inconsistent"),
    ]


def test_all_papers_of_a_checkout(monkeypatch, capsys):
    monkeypatch.chdir(PAPERS.parent)
    assert main(["claims", "--paper", "oct", "--paper", "acnet", "--format", "csv"]) == 0
    papers = {row["paper"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    assert papers == {"oct", "acnet"}


def test_facts_of_a_paper_go_with_its_numbers_in_any_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(PAPERS.parent)
    copy = tmp_path / "copy.csv"
    copy.write_text((PAPERS / "gsa" / "published.csv").read_text().replace(",arm,", ",attention,", 1))
    assert main(["claims", str(copy), "--format", "csv"]) == 0
    from_copy = capsys.readouterr().out
    assert main(["claims", "--paper", "gsa", "--format", "csv"]) == 0
    assert from_copy == capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.csv"], "none.csv: no such file"),
        (["mine.csv", "--facts", "none.yaml"], "none.yaml: no such file"),
        (["mine.csv", "--counts", "none.csv"], "none.csv: no such file"),
        (["mine.csv", "--counts", "mine.csv"], "mine.csv: no column 'params'"),
        (["mine.csv", "--paper", "q"], "--paper: unknown paper 'q'; valid: p"),
        (["mine.csv", "--check", "grimer"], "--check: unknown check 'grimer'; did you mean 'grimmer'?"),
        (["--paper", "gas"], "--paper: unknown paper 'gas'; did you mean 'gsa'?"),
    ],
)
def test_invalid_arguments_are_one_line_with_exit_code_2(published, capsys, arguments, message):
    assert main(["claims", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert message in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("paper,table,metric,mean\n", "line 1: the column 'unit' is missing"),
        (HEADER + ",mean\n", "line 1: the column 'mean' occurs twice"),
        (HEADER + "\n", "no published values below the first line"),
        (HEADER + "\np,t\n", "line 2: 2 fields, but the first line names 13"),
        (HEADER + "\n" + line("accuracy", "87,2".replace(",", "x")) + "\n", "line 2: '87x2' is not a number"),
        (HEADER + "\n" + line("accuracy", "") + "\n", "line 2: mean is empty"),
        (HEADER + "\n\n" + line("accuracy", "187.2") + "\n", "line 3: mean is 187.2"),
        (HEADER + "\n" + line("accuracy", "87.2", std="-1.0") + "\n", "line 2: std is -1.0"),
        (HEADER + "\n" + line("accuracy", "87.2", unit="percnt") + "\n", "did you mean 'percent'?"),
        (HEADER + "\n" + line("accuracy", "87.2", n_test="many") + "\n", "line 2: n_test is 'many'"),
        (HEADER + '\n"p,t\n', "not a CSV file"),
    ],
)
def test_a_wrong_table_is_named_with_its_line(published, capsys, text, message):
    published.write_text(text)
    assert main(["claims", str(published)]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert err.startswith(f"medattn: {published}: ")
    assert message in err


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ("test_set: {}", "unknown key 'test_set'; did you mean 'test_sets'?"),
        ("test_sets: {d: {rows: {data: [x]}}}", "test_sets.d.rows: unknown key 'data'"),
        ("test_sets: {d: {rows: {}, averaged: 0}}", "test_sets.d.averaged"),
        ("test_sets: {d: {rows: {}, scan_from: 9, scan_to: 3}}", "scan_to is 3, but scan_from is 9"),
        ("significance: [{says: a, rows: {}, arm: a, against: b, levels: [2.0]}]", "a level must lie between 0 and 1"),
        (
            "test_sets: {d: {rows: {metric: [acuracy]}}}",
            "test_sets.d.rows.metric: unknown metric 'acuracy'; did you mean",
        ),
        (
            "overall: [{says: s, rows: {}, metric: accuracy, published: '99,5'}]",
            "overall.0.published",
        ),
        ("overall: [{says: s, rows: {}, metric: f1, published: '99.5', unit: fraction}]", "must lie between 0 and 1"),
        ("overall: [{says: s, rows: {}, metric: f1, published: 99.5}]", "overall.0.published"),
        ("feature_maps: [{says: s, size: 9, kernels: [0], published: 4}]", "feature_maps.0.kernels"),
        (
            "costs: [{says: s, of: n, layers: [{inputs: 1, outputs: 1}], against: {m: 9}, levels: [0.0]}]",
            "a share must be greater than 0",
        ),
        ("statements: [{says: s, higher: {arm: [c]}}]", "statements.0.higher.arm: unknown arm 'c'; valid: a, b"),
    ],
)
def test_wrong_facts_are_refused(published, capsys, facts, message):
    path = published.with_name("facts.yaml")
    path.write_text(facts)
    assert main(["claims", str(published), "--facts", str(path)]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert message in err


def test_numbers_without_facts_or_images_are_undecidable(in_lines):
    rows = in_lines([line("accuracy", "87.20", std="1.20", dataset="x"), line("accuracy", "87.20")])
    assert {row["verdict"] for row in rows} == {"undecidable"}
    assert any("the number of measurements is unknown" in row["note"] for row in rows)


def test_duplicates_are_reported_without_a_verdict(in_lines):
    lines = [line("accuracy", "87.20", table="t1"), line("accuracy", "87.20", table="t2")]
    rows = in_lines(lines, {"independent": [{"rows": {}, "differ": ["table"]}]}, checks=["duplicates"])
    assert [(row["published"], row["verdict"]) for row in rows] == [("87.20 twice", "undecidable")]
    assert not in_lines(lines, {}, checks=["duplicates"])


@pytest.mark.parametrize(
    ("own", "least", "verdict"),
    [
        ("88.00", 0, "consistent"),
        ("87.20", 0, "undecidable"),
        ("87.19", 0, "inconsistent"),
        ("88.00", 0.8, "consistent"),
        # 88.00 and 87.20 may be 88.004 and 87.196.
        ("88.00", 0.81, "consistent"),
        ("88.00", 0.82, "inconsistent"),
    ],
)
def test_statements_are_judged_up_to_rounding(in_lines, own, least, verdict):
    lines = [line("accuracy", own, arm="ours"), line("accuracy", "87.20", arm="theirs")]
    statement = {"says": "ours is better", "higher": {"arm": ["ours"]}, "lower": {"arm": ["theirs"]}}
    rows = in_lines(lines, {"statements": [statement | {"least": float(least)}]}, checks=["statements"])
    assert [row["verdict"] for row in rows] == [verdict]


def test_facts_that_cannot_be_checked_are_reported(in_lines):
    facts = {
        "statements": [{"says": "a is better", "higher": {"arm": ["a"]}, "lower": {"arm": ["b"]}}],
        "significance": [{"says": "significantly", "rows": {}, "arm": "a", "against": "b"}],
        "formulas": [{"says": "Eq. 1", "rows": {}, "weights": 7, "stages": [{"blocks": 1, "height": 1, "width": 1}]}],
    }
    rows = in_lines([line("accuracy", "87.20")], facts, checks=["statements", "significance", "increments"])
    assert [row["verdict"] for row in rows] == ["undecidable"] * 3
