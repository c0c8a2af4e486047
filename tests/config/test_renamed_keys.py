"""A renamed key is refused with its new name, wherever it can be written."""

import pytest
import yaml

from medattn.config.mechanisms import mechanism_options
from medattn.config.renamed_keys import RENAMED_KEYS
from medattn.consistency.inputs import read_facts
from medattn.errors import UserError
from tests.config.conftest import PAPER, SELECTION
from tests.config.test_errors import message, override

IDRID = {"title": "I", "classes": ["0", "1"], "source": {"kind": "idrid", "task": "retinopathy"}}
COPIES = {"classes": ["a"], "factor": 2, "changes": [{"horizontal_flip": True}]}
CROSS_VALIDATION = {"kind": "cross_validation", "folds": 2}
RECIPE = PAPER["recipe"]

IN_SELECTION = {
    "pack_cells": ("", True),
    "checkpoint_seconds": ("", 60),
    "least_runs": ("verdicts", 3),
    "widest": ("verdicts", 5.0),
    "graded": ("datasets/digits", True),
    "licence": ("datasets/digits", "CC0"),
    "mirror_right_eyes": ("datasets/mine/source", True),
}
IN_PAPER = {
    "level": ("tables/toy-table/marks/0", 0.01),
    "change": ("experiments/small", {}),
    "optimiser": ("recipe", "sgd"),
    "batch": ("recipe", 32),
    "normalise": ("recipe", "imagenet"),
    "normalisation": ("recipe", "imagenet"),
    "class_copies": ("recipe", COPIES),
    "copies": ("protocol", "before_split"),
    "resized_crop": ("recipe/augmentation", {}),
    "smallest": ("recipe/augmentation/random_resized_crop", 0.1),
    "largest": ("recipe/augmentation/random_resized_crop", 0.9),
    "aspect": ("recipe/augmentation/random_resized_crop", 1.3),
    "mirror": ("recipe/oversampling/changes/0", True),
}
IN_FACTS = {
    "printed": ("overall/0", "0.990"),
    "unprinted": ("", []),
}


def path(place: str, key: str) -> str:
    return f"{place}/{key}" if place else key


def test_every_renamed_key_is_read_below():
    assert {*IN_SELECTION, *IN_PAPER, *IN_FACTS} == set(RENAMED_KEYS)


@pytest.mark.parametrize("old", IN_SELECTION)
def test_a_selection_with_a_renamed_key_is_refused_with_the_new_one(project, old):
    place, value = IN_SELECTION[old]
    content = override(SELECTION, "datasets/mine", IDRID) if "mine" in place else SELECTION
    (project / "config.yaml").write_text(yaml.safe_dump(override(content, path(place, old), value)))
    assert f"unknown key '{old}'; its new name is '{RENAMED_KEYS[old]}'" in message(project)


@pytest.mark.parametrize("old", IN_PAPER)
def test_a_paper_with_a_renamed_key_is_refused_with_the_new_one(project, old):
    place, value = IN_PAPER[old]
    recipe = {**RECIPE, "oversampling": COPIES} if "oversampling" in place else RECIPE
    content = {**PAPER, "recipe": recipe}
    if place == "protocol":
        content = {**content, "protocol": CROSS_VALIDATION}
    (project / "papers" / "toy" / "paper.yaml").write_text(yaml.safe_dump(override(content, path(place, old), value)))
    place_in_message = f": {place.replace('/', '.')}: " if place != "protocol" else ": protocol"
    assert place_in_message in (line := message(project))
    assert f"unknown key '{old}'; its new name is '{RENAMED_KEYS[old]}'" in line


@pytest.mark.parametrize("old", IN_FACTS)
def test_facts_with_a_renamed_key_are_refused_with_the_new_one(tmp_path, old):
    place, value = IN_FACTS[old]
    file = tmp_path / "facts.yaml"
    file.write_text(yaml.safe_dump(override({"overall": [{}]}, path(place, old), value)))
    with pytest.raises(UserError, match=f"unknown key '{old}'; its new name is '{RENAMED_KEYS[old]}'"):
        read_facts(file)


def test_the_sides_of_a_crop_are_refused_with_the_list_that_replaces_them(project):
    for old, new in (("smallest", "[smallest, largest]"), ("aspect", "[1 / aspect, aspect]")):
        keys = f"recipe/augmentation/random_resized_crop/{old}"
        (project / "papers" / "toy" / "paper.yaml").write_text(yaml.safe_dump(override(PAPER, keys, 0.5)))
        assert message(project).endswith(f"takes the list {new}")


def test_a_renamed_key_of_a_grid_keeps_its_prefix(project):
    content = override(PAPER, "arms/blur/grid/recipe.batch", [16, 32])
    (project / "papers" / "toy" / "paper.yaml").write_text(yaml.safe_dump(content))
    assert "unknown key 'recipe.batch'; its new name is 'recipe.batch_size'" in message(project)


def test_an_old_name_that_is_no_old_key_of_the_place_gets_the_nearest_valid_key(project):
    (project / "config.yaml").write_text(yaml.safe_dump({**SELECTION, "printed": 1}))
    line = message(project)
    assert "unknown key 'printed'" in line
    assert "published" not in line


def test_a_mechanism_with_a_renamed_method_is_refused_with_its_file_and_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "class Half(BlockAttention):\n    @staticmethod\n    def unfit(channels, size, options):\n        return None\n"
    )
    with pytest.raises(UserError, match=r"mine\.py:3: the method 'unfit' is now 'skip_reason'; rename it"):
        mechanism_options("mine:Half")
