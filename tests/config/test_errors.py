"""Configuration errors are one line: file, key, error, nearest valid name."""

import copy
from pathlib import Path

import pytest
import yaml

from medattn.config.load import read_configuration
from medattn.errors import UserError
from tests.config.conftest import PAPER, SELECTION

REMOVE = "(removed)"


def override(source: dict, keys: str, value: object) -> dict:
    """A copy of `source` with the value at the path `keys` set or removed."""
    result = copy.deepcopy(source)
    *parents, last = keys.split("/")
    place = result
    for key in parents:
        place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
    if value == REMOVE:
        del place[last]
    else:
        place[last] = value
    return result


def message(project: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_configuration(project / "config.yaml", project)
    text = str(caught.value).replace(f"{project}/", "")
    assert "\n" not in text
    assert len(text) < 400
    return text


WRONG_SELECTIONS = [
    ("seed", [1], "config.yaml: unknown key 'seed'; did you mean 'seeds'?"),
    ("selection", REMOVE, "config.yaml: selection: this key is missing and has no default"),
    ("selection", "A b", "config.yaml: selection: should be a name of at most 40 lower-case letters"),
    ("seeds", "0", "config.yaml: seeds: should be a list, not '0'"),
    ("seeds", ["0"], "config.yaml: seeds.0: should be a whole number, not '0'"),
    ("seeds", [0, 1, 0], "config.yaml: seeds names a seed twice"),
    ("seeds", [0, -1], "config.yaml: seeds must not be negative"),
    ("seeds", [], "config.yaml: seeds: should have at least 1 entry"),
    ("seeds", 5, "config.yaml: seeds: should be a list, not 5"),
    ("seeds", {}, "config.yaml: seeds.looks: this key is missing and has no default"),
    ("seeds", {"looks": 5}, "config.yaml: seeds.looks: should be a list, not 5"),
    ("seeds", {"looks": []}, "config.yaml: seeds.looks: should have at least 1 entry"),
    ("seeds", {"looks": ["5", 9]}, "config.yaml: seeds.looks.0: should be a whole number, not '5'"),
    (
        "seeds",
        {"looks": [3]},
        "config.yaml: seeds: `looks` has a single look; for a fixed number of seeds, list them: `seeds: [0, 1, 2]`",
    ),
    ("seeds", {"looks": [10, 5]}, "config.yaml: seeds: `looks` must be ascending, each look once, not [10, 5]"),
    ("seeds", {"looks": [5, 5]}, "config.yaml: seeds: `looks` must be ascending, each look once, not [5, 5]"),
    ("seeds", {"looks": [1, 5]}, "config.yaml: seeds.looks.0: should be greater than or equal to 2, not 1"),
    (
        "seeds",
        {"looks": [2, 5]},
        "config.yaml: seeds.looks: no verdict is possible with 2 seeds, because "
        "verdicts.min_runs is 3; remove this look",
    ),
    ("seeds", {"looks": [5, 1001]}, "config.yaml: seeds.looks.1: should be less than or equal to 1000, not 1001"),
    ("seeds", {"looks": [5, 10], "upto": 7}, "config.yaml: seeds: `upto` must be one of the looks 5, 10, not 7"),
    (
        "seeds",
        {"looks": [5, 10], "cells": {"a.b": 6}},
        "config.yaml: seeds: `cells.a.b` must be one of the looks 5, 10",
    ),
    ("seeds", {"looks": [5, 10], "up": 10}, "config.yaml: seeds: unknown key 'up'; did you mean 'upto'?"),
    ("pack", 0, "config.yaml: pack: should be greater than or equal to 1, not 0"),
    ("pack", True, "config.yaml: pack: should be a whole number, not true"),
    ("device", "cdua", "config.yaml: device: unknown value 'cdua'; did you mean 'cuda'?"),
    ("papers", {}, "config.yaml: papers: should have at least 1 entry"),
    ("papers", None, "config.yaml: papers: should be a mapping, not nothing"),
    ("papers/toi", {}, "config.yaml: papers: unknown paper 'toi'; did you mean 'toy'? (searched "),
    ("papers/toy", None, "config.yaml: papers.toy: should be a mapping, not nothing"),
    ("papers/Toy", {}, "config.yaml: papers.Toy: should be a name of at most 40 lower-case letters"),
    ("papers/toy/arm", ["vanilla"], "config.yaml: papers.toy: unknown key 'arm'; did you mean 'arms'?"),
    (
        "papers/toy/datasets",
        ["digit"],
        "config.yaml: papers.toy.datasets: unknown data set 'digit'; did you mean 'digits'?",
    ),
    (
        "papers/toy/backbones",
        ["resnet81"],
        "config.yaml: papers.toy.backbones: unknown backbone 'resnet81'; did you mean 'resnet18'?",
    ),
    (
        "papers/toy/arms",
        ["vanila"],
        "config.yaml: papers.toy.arms: unknown arm 'vanila'; did you mean 'vanilla'?",
    ),
    (
        "papers/toy/recipe/epoch",
        4,
        "config.yaml: papers.toy.recipe: unknown key 'epoch'; did you mean 'epochs'?",
    ),
    (
        "papers/toy/recipe/epochs",
        -5,
        "config.yaml: papers.toy.recipe.epochs: should be greater than or equal to 1, not -5",
    ),
    (
        "papers/toy/recipe/epochs",
        5.5,
        "config.yaml: papers.toy.recipe.epochs: should be a whole number, not 5.5",
    ),
    (
        "papers/toy/recipe/learning_rate",
        "fast",
        "config.yaml: papers.toy.recipe.learning_rate: should be a number, not 'fast'",
    ),
    (
        "papers/toy/recipe/learning_rate",
        float("nan"),
        "config.yaml: papers.toy.recipe.learning_rate: should be a finite number",
    ),
    (
        "papers/toy/recipe/optimizer",
        "adm",
        "config.yaml: papers.toy.recipe.optimizer: unknown value 'adm'; did you mean 'adam'?",
    ),
    ("papers/toy/recipe/momentum", 0.9, "config.yaml: papers.toy.recipe: momentum and nesterov belong to"),
    (
        "papers/toy/recipe/augmentation",
        {"rotations": 3},
        "config.yaml: papers.toy.recipe.augmentation: unknown key 'rotations'; did you mean 'rotation'?",
    ),
    (
        "papers/toy/protocol/measured_epochs",
        41,
        "config.yaml: papers.toy.protocol.measured_epochs: measures 41 epochs, but recipe.epochs trains",
    ),
    (
        "papers/toy/recipe/epochs",
        20,
        "config.yaml: papers.toy.protocol.measured_epochs: measures 30 epochs, but recipe.epochs trains",
    ),
    (
        "papers/toy/protocol/fold",
        3,
        "config.yaml: papers.toy.protocol: unknown key 'fold'; did you mean 'folds'?",
    ),
    (
        "papers/toy/protocol/training_splits",
        ["tran"],
        "config.yaml: papers.toy.protocol.training_splits.0: unknown value 'tran'; did you mean 'train'?",
    ),
    (
        "papers/toy/extra_arms/mine",
        {"mechanism": "blurr"},
        "config.yaml: papers.toy.extra_arms.mine.mechanism: unknown mechanism 'blurr'; did you mean 'blur'?",
    ),
    (
        "papers/toy/extra_arms/mine",
        {"mechanism": "blur", "options": {"widht": 3}},
        "config.yaml: papers.toy.extra_arms.mine.options: unknown key 'widht'; did you mean 'width'?",
    ),
    (
        "papers/toy/extra_arms/mine",
        {"mechanism": "blur", "options": {"width": 0}},
        "config.yaml: papers.toy.extra_arms.mine.options.width: should be greater than or equal to 1, not 0",
    ),
    (
        "papers/toy/extra_arms/mine",
        {"classifier": "svn"},
        "config.yaml: papers.toy.extra_arms.mine.classifier: unknown value 'svn'; did you mean 'svm'?",
    ),
    (
        "papers/toy/extra_arms/mine",
        {"optoins": {}},
        "config.yaml: papers.toy.extra_arms.mine: unknown key 'optoins'; did you mean 'options'?",
    ),
    (
        "papers/toy/extra_backbones/mine",
        {"model": "resnet18"},
        "config.yaml: papers.toy.extra_backbones.mine.model: should match ^(torchvision|timm|medattn)/[A-Za-z0-9",
    ),
    (
        "papers/toy/extra_backbones/mine",
        {"model": "timm/x", "stems": "small"},
        "config.yaml: papers.toy.extra_backbones.mine: unknown key 'stems'; did you mean 'stem'?",
    ),
    (
        "papers/toy/extra_backbones/mine",
        {"model": "timm/resnet18", "arms": ["blurs"]},
        "config.yaml: papers.toy.extra_backbones.mine.arms: unknown arm 'blurs'; did you mean 'blur'?",
    ),
    (
        "datasets/digit",
        {"title": "D"},
        "config.yaml: datasets: unknown data set 'digit'; did you mean 'digits'?",
    ),
    (
        "datasets/digits/titel",
        "D",
        "config.yaml: datasets.digits: unknown key 'titel'; did you mean 'title'?",
    ),
    (
        "datasets/digits/source/test_share",
        0.5,
        "config.yaml: datasets.digits.source: unknown key 'test_share'; did you mean 'test_fraction'?",
    ),
    (
        "datasets/mine",
        {"title": "M", "classes": ["a", "b"], "source": {"kind": "foldr", "size": 32}},
        "config.yaml: datasets.mine.source.kind: unknown kind 'foldr'; did you mean 'folder'?",
    ),
    (
        "datasets/mine",
        {"title": "M", "classes": ["a", "b"], "source": {"size": 32}},
        "config.yaml: datasets.mine.source.kind: this key is missing and has no default",
    ),
    (
        "datasets/mine",
        {"title": "M", "classes": ["a", "b"], "source": {"kind": "folder", "size": 2}},
        "config.yaml: datasets.mine.source.size: should be greater than or equal to 8, not 2",
    ),
    (
        "datasets/mine",
        {
            "title": "M",
            "classes": ["a", "b"],
            "source": {"kind": "folder", "size": 32},
            "counts": {"tets": [1, 2]},
        },
        "config.yaml: datasets.mine.counts: unknown key 'tets'; did you mean 'test'?",
    ),
    (
        "datasets/mine",
        {
            "title": "M",
            "classes": ["a", "b"],
            "source": {"kind": "folder", "size": 32},
            "counts": {"test": [1]},
        },
        "config.yaml: datasets.mine: test counts 1 classes, but classes names 2",
    ),
]

IN_PAPER = "papers/toy/paper.yaml: "
WRONG_PAPERS = [
    ("recepie", {}, "unknown key 'recepie'; did you mean 'recipe'?"),
    ("title", REMOVE, "title: this key is missing and has no default"),
    ("datasets", ["digist"], "datasets: unknown data set 'digist'; did you mean 'digits'?"),
    (
        "backbones/resnet18/stem",
        "smal",
        "backbones.resnet18.stem: unknown value 'smal'; did you mean 'small'?",
    ),
    (
        "backbones/resnet18/arms",
        ["blurr"],
        "backbones.resnet18.arms: unknown arm 'blurr'; did you mean 'blur'?",
    ),
    ("arms", [], "arms: should be a mapping, not []"),
    ("arms/blur/mechanism", "blue", "arms.blur.mechanism: unknown mechanism 'blue'; did you mean 'blur'?"),
    ("arms/blur/classifier", "svm", "arms.blur: an arm has a mechanism or a classifier, not both"),
    ("arms/vanilla/options", {"width": 1}, "arms.vanilla.options: the mechanism 'none' has no options"),
    ("arms/vanilla/grid", {"options.width": [1]}, "arms.vanilla.grid: unknown key 'options.width'; "),
    (
        "arms/blur/grid",
        {"options.width": [1, 10]},
        "arms.blur.grid.options.width: should be less than or equal to 9, not 10",
    ),
    (
        "arms/blur/grid",
        {"options.widht": [1]},
        "arms.blur.grid: unknown key 'options.widht'; did you mean 'options.width'?",
    ),
    (
        "arms/blur/grid",
        {"recipe.batch_size": [0]},
        "arms.blur.grid.recipe.batch_size: should be greater than or equal to 1, not 0",
    ),
    (
        "arms/blur/grid",
        {"recipe.bacth": [1]},
        "arms.blur.grid: unknown key 'recipe.bacth'; did you mean 'recipe.batch_size'?",
    ),
    ("arms/blur/grid", {"width": [1]}, "arms.blur.grid: unknown key 'width'; did you mean 'options.width'?"),
    ("arms/blur/grid", {"options.width": []}, "arms.blur: grid: options.width has no values"),
    ("arms/blur/grid", {"options.width": [1, 1]}, "arms.blur: grid: options.width has a value twice"),
    (
        "arms/blur/grid",
        {"recipe.epochs": [10]},
        "arms.blur.grid.recipe.epochs: trains only 10 epochs, but protocol.measured_epochs measures 30",
    ),
    ("arms/svm/options", {"c": "big"}, "arms.svm.options.c: should be a number, not 'big'"),
    (
        "arms/svm/options",
        {"c": {"a": 1}},
        "arms.svm.options.c: should be a number, text, true or false, not {'a': 1}",
    ),
    ("recipe/epochs", -1, "recipe.epochs: should be greater than or equal to 1, not -1"),
    ("recipe/epochs", 10, "protocol.measured_epochs: measures 30 epochs, but recipe.epochs trains only 10"),
    ("recipe/augmentation/flip", 1, "recipe.augmentation: unknown key 'flip'; "),
    ("protocol/kind", "none", "protocol.kind: unknown kind 'none'; "),
    (
        "tables/toy-table/metrics",
        ["acuracy"],
        "tables.toy-table.metrics.0: unknown value 'acuracy'; did you mean 'accuracy'?",
    ),
    (
        "tables/toy-table/marks/0/arm",
        "blut",
        "tables.toy-table.marks.0.arm: unknown arm 'blut'; did you mean 'blur'?",
    ),
    (
        "tables/toy-table/marks/0/alpha",
        1.5,
        "tables.toy-table.marks.0.alpha: should be less than 1, not 1.5",
    ),
    ("figures/toy-figure/kind", "map", "figures.toy-figure.kind: unknown kind of figure 'map'; "),
    (
        "figures/toy-figure/arm",
        "blurry",
        "figures.toy-figure.arm: unknown arm 'blurry'; did you mean 'blur'?",
    ),
    (
        "figures/toy-figure/backbone",
        "resnet",
        "figures.toy-figure.backbone: unknown backbone 'resnet'; did you mean",
    ),
]


@pytest.mark.parametrize(("keys", "value", "expected"), WRONG_SELECTIONS, ids=lambda v: str(v)[:40])
def test_an_invalid_selection_is_one_line(project, keys, value, expected):
    (project / "config.yaml").write_text(yaml.safe_dump(override(SELECTION, keys, value), sort_keys=False))
    assert message(project).startswith(expected)


@pytest.mark.parametrize(("keys", "value", "expected"), WRONG_PAPERS, ids=lambda v: str(v)[:40])
def test_an_invalid_paper_is_one_line(project, keys, value, expected):
    (project / "papers" / "toy" / "paper.yaml").write_text(
        yaml.safe_dump(override(PAPER, keys, value), sort_keys=False)
    )
    assert message(project).startswith(IN_PAPER + expected)


def test_the_unchanged_project_is_valid(project):
    configuration = read_configuration(project / "config.yaml", project)
    assert list(configuration.papers[0].arms) == ["vanilla", "blur", "svm"]
