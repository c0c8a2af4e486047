"""Published values and facts that ask for too much: refused in one line, or undecidable after a bounded effort."""

import warnings
from pathlib import Path

import pytest

from medattn.__main__ import main
from medattn.config.models.facts import Facts
from medattn.consistency.check_paper import check_paper
from medattn.consistency.effort import TOO_MANY, Effort
from medattn.consistency.fold_bounds import spread_count, spreads
from medattn.consistency.published import MAX_ROWS, read_published

HEADER = "paper,table,dataset,backbone,arm,split,metric,class_name,mean,std,unit,n_test,flags"
NINES = "9" * 400


def row(arm="v", metric="accuracy", mean="50.12", std="", unit="percent", n="", label="", table="t1", paper="x"):
    return f"{paper},{table},d,b,{arm},test,{metric},{label},{mean},{std},{unit},{n},"


RATES = [row(metric=metric) for metric in ("accuracy", "sensitivity", "specificity")]
F1 = [row(mean="50"), row(metric="f1", mean="50.1")]
CLASSES = [
    row(metric=metric, label=label, mean=mean)
    for metric in ("precision", "recall", "f1")
    for label, mean in (("p", "50.1"), ("q", "60.2"), ("w", "0"), ("mean", "70"))
]
SPREAD = [row(mean="50", std="90"), row("se", mean="60", std="90")]


def on(**facts: object) -> dict[str, object]:
    return {"test_sets": {"a": {"rows": {}, **facts}}}


def two(n: int) -> dict[str, int]:
    return {"x": n, "y": n}


REFUSED = {
    "digits": ([row(mean=NINES, unit="other")], {}),
    "a cost": ([row(metric="params_m", mean=NINES, unit="M")], {}),
    "a deviation": ([row(std=NINES)], {}),
    "5,000 digits": ([row(mean="9" * 5000)], {}),
    "decimals": ([row(mean="0.12345678901234567891")], {}),
    "test images": ([row(n="9" * 400)], {}),
    "one of the test images": ([row(n=f"1|2|{NINES}")], {}),
    "other digits of test images": ([row(n="١٢")], {}),
    "alternatives": ([row(n="|".join(map(str, range(1, 99))))], {}),
    "a name": ([row(table="t" + "1" * 5000)], {}),
    "a paper": ([row(paper="a" * 300)], {}),
    "rows": ([row(f"a{i}") for i in range(MAX_ROWS + 1)], {}),
    "no image of a class": (F1, on(classes={"x": 0, "y": 0})),
    "images of a class": (F1, on(classes=two(100_000_000))),
    "images": (SPREAD, on(images=[100_000_000], averaged=10)),
    "measurements": (SPREAD, on(images=[1000], averaged=100_000)),
}
BOUNDED = {
    "spreads over folds": (RATES, on(averaged=10, over="folds", classes=two(1000))),
    "spreads over folds of 200": (RATES, on(averaged=10, over="folds", classes=two(1000), images=[200])),
    "spreads over many folds": (RATES, on(averaged=100, over="folds", classes=two(5000))),
    "spreads over folds beyond counting": (RATES, on(averaged=10_000, over="folds", classes=two(500_000))),
    "folds of one image": (RATES, on(averaged=100, over="folds", classes=two(5000), images=[1])),
    "folds without an image": (RATES, on(averaged=10, over="folds", classes=two(1))),
    "confusion matrices": (F1, on(classes=two(1_000_000))),
    "confusion matrices of many": (F1, on(classes=two(10_000))),
    "precisions": (
        CLASSES,
        {
            **on(classes=dict.fromkeys("pqw", 1_000_000)),
            "overall": [{"says": "s", "rows": {"table": ["t1"]}, "metric": "f1", "published": "50.1"}],
        },
    ),
    "squares": (SPREAD, on(images=[2_000_000], averaged=10)),
    "squares of many": (SPREAD, on(images=[1000], averaged=10_000)),
    "squares of near sums": ([row(mean="50.1", std="60.1")], on(images=[1_000_000], averaged=30)),
    "fitting epochs": ([row(mean="0.123456789012", unit="fraction")], on(images=[103], averaged=30)),
    "sizes": ([row(f"a{i}", mean=f"{i % 100}.{i % 97:02d}") for i in range(500)], on(scan_from=1, scan_to=100_000)),
    "rows": ([row(f"a{i}", mean=f"{i % 100}.{i % 1999:04d}") for i in range(MAX_ROWS)], {}),
    "rows of statements": (
        [row(f"a{i}", mean=f"{i % 100}.{i % 1999:04d}") for i in range(MAX_ROWS)],
        {"statements": [{"says": "a", "higher": {}}], "independent": [{"rows": {}, "differ": ["arm"]}]},
    ),
    "significance": (
        [row("se", "loss", NINES[:15], "1", "other"), row("v", "loss", "1", NINES[:15], "other")],
        {
            **on(averaged=5),
            "significance": [{"says": "s", "rows": {"metric": ["loss"]}, "arm": "se", "against": "v"}],
        },
    ),
}


def claims(folder: Path, rows: list[str], facts: dict[str, object]) -> int:
    import yaml

    (folder / "p.csv").write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    (folder / "f.yaml").write_text(yaml.safe_dump(facts), encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return main(["claims", str(folder / "p.csv"), *(["--facts", str(folder / "f.yaml")] if facts else [])])


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_paper_publishes_is_refused(tmp_path, capsys, case):
    code = claims(tmp_path, *REFUSED[case])
    out, err = capsys.readouterr()
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert len(err) < 400
    assert "p.csv" in err or "f.yaml" in err


@pytest.mark.parametrize("case", BOUNDED)
def test_possibilities_beyond_the_effort_are_undecidable(tmp_path, capsys, case):
    assert claims(tmp_path, *BOUNDED[case]) == 0
    out, err = capsys.readouterr()
    assert not err
    assert " of " in out.splitlines()[-2]


def test_the_effort_is_what_makes_them_undecidable(tmp_path):
    rows, facts = BOUNDED["confusion matrices"]
    (tmp_path / "p.csv").write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    results = list(check_paper("x", read_published(tmp_path / "p.csv"), Facts.model_validate(facts)))
    (found,) = [each for each in results if TOO_MANY in each.note]
    assert (found.verdict, found.cell) == ("undecidable", "d.b.v.f1")


def test_an_effort_is_spent():
    effort = Effort(10)
    assert [effort.allows(n) for n in (6, 5, 4, 1, 0)] == [True, False, True, False, True]


@pytest.mark.parametrize(("minority", "folds", "size"), [(5, 3, 3), (36, 5, 97), (10, 4, 3), (4, 2, 1), (3, 1, 3)])
def test_spreads_are_counted_without_making_them(minority, folds, size):
    assert spread_count(minority, folds, size) == len(spreads(minority, folds, size))


@pytest.mark.parametrize("line", ["t1,d,b,se,-5,1", "t1,d,b,se,1e16,1", "t1,d,b,se,5,1e15", "t1,d,b,se,many,1"])
def test_counts_beyond_any_network_are_named_with_their_line(tmp_path, capsys, line):
    (tmp_path / "p.csv").write_text("\n".join([HEADER, row("se", "params_m", "1", unit="M"), ""]))
    (tmp_path / "k.csv").write_text(f"table,dataset,backbone,arm,params,gmacs\n{line}\n")
    assert main(["claims", str(tmp_path / "p.csv"), "--counts", str(tmp_path / "k.csv")]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert "k.csv: line 2: " in err and "http" not in err


def test_many_counts_are_compared_quickly(tmp_path, capsys):
    tables = ";".join(["t1"] * 400)
    rows = [row("se", "params_m", "1", unit="M"), row("se", "gflops", "1", unit="G")]
    (tmp_path / "p.csv").write_text("\n".join([HEADER, *rows, ""]))
    lines = [f"{tables},d,b,se,5,1"] * 400
    (tmp_path / "k.csv").write_text("\n".join(["table,dataset,backbone,arm,params,gmacs", *lines, ""]))
    assert main(["claims", str(tmp_path / "p.csv"), "--counts", str(tmp_path / "k.csv")]) == 0
