"""Every paper's folder: it is valid, and its published values belong to cells that it plans or explains."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from medattn.__main__ import main
from medattn.complexity.published_costs import COSTS
from medattn.config.load import read_configuration, read_paper, resolve
from medattn.config.models.paper import Paper
from medattn.config.validation import validated
from medattn.config.yaml_files import read_yaml
from medattn.plan.expand import make_plan

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.parent.name for path in (ROOT / "papers").glob("*/paper.yaml"))
# What a table prints once for several data sets.
SEVERAL = {"medmnist_3": "octmnist+retinamnist+breastmnist"}
COLUMNS = ["paper", "table", "dataset", "backbone", "arm", "split", "metric", "class_name"]
COLUMNS += ["mean", "std", "unit", "n_test", "flags"]


def rows(name: str) -> list[dict[str, str]]:
    path = ROOT / "papers" / name / "published.csv"
    if not path.exists():
        return []  # a paper of our own, such as a demonstration, prints nothing
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def cells(name: str) -> set[tuple[str, str, str, str]]:
    """Table, data set, backbone and arm of all cells of a paper; those that can't be run, too."""
    plan = make_plan(resolve({"selection": "test", "papers": {name: {}}}, ROOT, "test"))
    return {(table, c.dataset, c.backbone, c.arm) for c in plan.cells.values() for table in c.tables}


SELECTIONS = [ROOT / "config.yaml", *sorted((ROOT / "config").glob("*.yaml"))]


@pytest.mark.parametrize("path", SELECTIONS, ids=lambda path: path.stem)
def test_every_selection_that_is_shipped_plans_runs_under_its_own_name(path):
    configuration = read_configuration(path, ROOT)
    assert path.stem in ("config", configuration.selection.selection)
    plan = make_plan(configuration, as_if_available=True)
    assert plan.packs and not any(cell.missing for cell in plan.cells.values())


@pytest.mark.parametrize("name", NAMES)
def test_paper_is_valid(name):
    read_paper(name, ROOT / "papers", "test")


@pytest.mark.parametrize("name", [name for name in NAMES if rows(name)])
def test_paper_says_what_it_leaves_open(name):
    assert (ROOT / "papers" / name / "README.md").is_file()


def test_no_text_claims_a_recipe_that_the_papers_leave_open():
    shipped = [
        ROOT / "README.md",
        *ROOT.glob("papers/*/README.md"),
        *ROOT.glob("config/*.yaml"),
        *ROOT.glob("docs/*.md"),
    ]
    for path in shipped:
        text = " ".join(path.read_text(encoding="utf-8").split())
        assert not re.search(r"(?i)exactly (by|as) the paper|as the papers? made them", text), path


@pytest.mark.parametrize("name", NAMES)
def test_published_values_belong_to_cells_and_tables(name):
    planned = cells(name)
    of_table = {(table, backbone, arm) for table, _, backbone, arm in planned}
    for row in rows(name):
        assert list(row) == COLUMNS
        assert row["paper"] == name
        if row["metric"] in COSTS:  # what a network costs may be published once for several data sets
            assert (row["table"], row["backbone"], row["arm"]) in of_table, row
        else:
            assert (row["table"], row["dataset"], row["backbone"], row["arm"]) in planned, row
        float(row["mean"])


def test_every_published_value_has_its_row_in_the_plan_of_the_default_selection(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert main(["plan", "--format", "csv"]) == 0
    planned = {
        (cell["paper"], table, cell["dataset"], cell["backbone"], cell["arm"])
        for cell in csv.DictReader(capsys.readouterr().out.splitlines())
        for table in cell["table"].split(";")
    }
    published = [row for name in NAMES for row in rows(name)]
    assert published
    for row in published:
        for dataset in SEVERAL.get(row["dataset"], row["dataset"]).split("+"):
            assert (row["paper"], row["table"], dataset, row["backbone"], row["arm"]) in planned, row


def test_gsa_prints_a_number_for_each_of_its_64_cells():
    published = rows("gsa")
    assert len(published) == 64
    of_table = {cell for cell in cells("gsa") if cell[0] == "gsa-table-2"}
    assert {(row["table"], row["dataset"], row["backbone"], row["arm"]) for row in published} == of_table
    assert sum(bool(row["std"]) for row in published) == 56
    assert sum(row["flags"] == "star" for row in published) == 13
    assert {row["dataset"] for row in published if row["mean"] == "84.88"} == {"jaffe"}


def test_gsa_searches_the_grid_of_the_paper():
    paper = validated(Paper, read_yaml(ROOT / "papers" / "gsa" / "paper.yaml"), "gsa")
    sizes = {}
    for name, arm in paper.arms.items():
        sizes[name] = 1
        for values in arm.grid.values():
            sizes[name] *= len(values)
    assert (sizes["vanilla"], sizes["l1"], sizes["gsa"]) == (3, 18, 48)


def test_ppcr_prints_all_numbers_of_its_six_tables():
    published = rows("ppcr")
    counts = Counter((row["table"], row["metric"] in COSTS) for row in published)
    assert len(published) == 390
    assert [counts[f"ppcr-table-{n}", False] for n in range(1, 7)] == [96, 144, 8, 10, 4, 32]
    assert [counts[f"ppcr-table-{n}", True] for n in (1, 2, 6)] == [32, 32, 32]


def test_ppcr_takes_the_rows_that_its_tables_have_in_common_once():
    shown = Counter(place[1:] for place in cells("ppcr") if place[0] in {f"ppcr-table-{n}" for n in (1, 3, 4, 5)})
    assert shown["isic2018", "resnet18", "ppcr"] == 4
    assert max(count for place, count in shown.items() if place[2] != "ppcr") == 1


def test_ppcr_takes_augmentation_by_reference_and_has_a_control():
    papers = {p.experiment: p for p in resolve({"selection": "test", "papers": {"ppcr": {}}}, ROOT, "test").papers}
    large, medmnist = papers["fundus-and-skin"].recipe, papers["medmnist"].recipe
    assert large.augmentation.random_resized_crop.scale == [0.2, 1.0] and large.augmentation.horizontal_flip == 0.5
    assert large.normalization == "imagenet"
    assert medmnist.augmentation == type(medmnist.augmentation)()
    for experiment, datasets in (("medmnist", 3), ("cifar", 2)):
        paper = papers[experiment]
        assert sum(paper.trains(name, "resnet18", "ppcr-1-scale") for name in paper.datasets) == datasets


def test_acnet_says_that_copies_mark_their_class_and_has_its_masks_in_experiment_1():
    paper = validated(Paper, read_yaml(ROOT / "papers" / "acnet" / "paper.yaml"), "acnet")
    marked = [paper.tables["acnet-table-2"], *(paper.figures[f"acnet-figure-{number}"] for number in (4, 5, 6))]
    assert all("81 %" in each.note and each.experiment == "experiment-2" for each in marked)
    assert round(100 * (191 - 36) / 191) == 81
    assert paper.figures["acnet-figure-3"].experiment == "experiment-1"
    assert (paper.recipe.momentum, paper.recipe.nesterov, paper.recipe.weight_decay) == (0.9, True, 1e-4)
