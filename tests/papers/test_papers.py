"""Every paper's folder: it is valid, and its printed numbers belong to cells that it plans or explains."""

import csv
from pathlib import Path

import pytest

from medattn.config.load import read_configuration, read_paper
from medattn.config.paper import Paper
from medattn.config.resolved import NO_BACKBONE
from medattn.config.validation import validated
from medattn.config.yaml_files import read_yaml

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.parent.name for path in (ROOT / "papers").glob("*/paper.yaml"))
COLUMNS = ["paper", "table", "dataset", "backbone", "arm", "split", "metric", "class_name"]
COLUMNS += ["mean", "std", "unit", "n_test", "flags"]


def rows(name: str) -> list[dict[str, str]]:
    path = ROOT / "papers" / name / "published.csv"
    if not path.exists():
        return []  # a paper of our own, such as a demonstration, prints nothing
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def cells(paper: Paper) -> set[tuple[str, str, str]]:
    """The cells that a paper plans, and those that it says it can't run."""
    planned = {(row.backbone, row.arm) for row in paper.unrun}
    for name, arm in paper.arms.items():
        if arm.classifier:
            planned.add((NO_BACKBONE, name))
            continue
        planned |= {(backbone, name) for backbone, b in paper.backbones.items() if b.arms is None or name in b.arms}
    datasets = [*paper.datasets, *(dataset for part in paper.experiments.values() for dataset in part.datasets)]
    return {(dataset, *cell) for dataset in datasets for cell in planned}


@pytest.mark.parametrize("name", NAMES)
def test_paper_is_valid(name):
    read_paper(name, ROOT / "papers", "test")


@pytest.mark.parametrize("name", [name for name in NAMES if rows(name)])
def test_paper_says_what_it_leaves_open(name):
    assert (ROOT / "papers" / name / "README.md").is_file()


@pytest.mark.parametrize("name", NAMES)
def test_printed_numbers_belong_to_cells_and_tables(name):
    path = ROOT / "papers" / name / "paper.yaml"
    paper = validated(Paper, read_yaml(path), str(path))
    for row in rows(name):
        assert list(row) == COLUMNS
        assert row["paper"] == name
        assert row["table"] in paper.tables
        assert (row["dataset"], row["backbone"], row["arm"]) in cells(paper), row
        float(row["mean"])


def test_default_selection_is_valid():
    configuration = read_configuration(ROOT / "config.yaml", ROOT)
    assert [paper.name for paper in configuration.papers]


def test_gsa_prints_a_number_for_each_of_its_64_cells():
    printed = rows("gsa")
    paper = validated(Paper, read_yaml(ROOT / "papers" / "gsa" / "paper.yaml"), "gsa")
    assert len(printed) == 64
    assert {(row["dataset"], row["backbone"], row["arm"]) for row in printed} == cells(paper)
    assert sum(bool(row["std"]) for row in printed) == 56
    assert sum(row["flags"] == "star" for row in printed) == 13
    assert {row["dataset"] for row in printed if row["mean"] == "84.88"} == {"jaffe"}


def test_gsa_searches_the_grid_of_the_paper():
    paper = validated(Paper, read_yaml(ROOT / "papers" / "gsa" / "paper.yaml"), "gsa")
    sizes = {}
    for name, arm in paper.arms.items():
        sizes[name] = 1
        for values in arm.grid.values():
            sizes[name] *= len(values)
    assert (sizes["vanilla"], sizes["l1"], sizes["gsa"]) == (3, 18, 48)
