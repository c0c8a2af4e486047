"""The experiments of a paper: their content, the choices of a selection, and errors."""

from pathlib import Path

import pytest
import yaml

from medattn.config.load import read_configuration
from medattn.config.models.facts import Statement
from medattn.config.resolved import ResolvedPaper
from medattn.errors import UserError
from medattn.plan import expand
from tests.config.conftest import PAPER

EXPERIMENTS = {
    "large": {"datasets": ["phantom", "digits"]},
    "small": {
        "datasets": ["digits"],
        "arms": ["vanilla", "blur"],
        "override": {
            "backbones": {"resnet18": {"stem": "small"}},
            "arms": {"blur": {"grid": {"options.width": [5]}}},
            "recipe": {"epochs": 35},
            "protocol": {"folds": 3},
        },
    },
}
TABLES = {
    "table-1": {"title": "One", "experiment": "large", "datasets": ["phantom"]},
    "table-2": {"title": "Two", "experiment": "small", "arms": ["blur"]},
}
FIGURES = {"figure-1": {"title": "F", "kind": "learning_curve", "experiment": "small"}}


@pytest.fixture
def paper() -> dict:
    rest = {key: value for key, value in PAPER.items() if key != "datasets"}
    return {**rest, "experiments": EXPERIMENTS, "tables": TABLES, "figures": FIGURES}


def resolved(project: Path, paper: dict, **taken: object) -> dict[str, ResolvedPaper]:
    (project / "papers" / "toy" / "paper.yaml").write_text(yaml.safe_dump(paper, sort_keys=False))
    (project / "config.yaml").write_text(yaml.safe_dump({"selection": "test", "papers": {"toy": taken}}))
    configuration = read_configuration(project / "config.yaml", project)
    return {part.experiment: part for part in configuration.papers}


def test_each_experiment_has_its_overrides_and_tables(project, paper):
    parts = resolved(project, paper)
    large, small = parts["large"], parts["small"]
    assert (large.datasets, small.datasets) == (("phantom", "digits"), ("digits",))
    assert (list(large.arms), list(small.arms)) == (["vanilla", "blur", "svm"], ["vanilla", "blur"])
    assert (large.backbones["resnet18"].stem, small.backbones["resnet18"].stem) == ("imagenet", "small")
    assert (large.recipe.epochs, small.recipe.epochs) == (40, 35)
    assert (large.protocol.folds, small.protocol.folds) == (5, 3)
    assert small.arms["blur"].grid["options.width"] == [5]
    assert ([*large.tables], [*small.tables], [*small.figures]) == (["table-1"], ["table-2"], ["figure-1"])


def test_equal_names_in_two_experiments_are_two_cells_with_their_tables(project, paper, monkeypatch):
    monkeypatch.setattr(expand, "code_digest", lambda *_: "code")  # blur has no file in the package
    resolved(project, paper)
    cells = expand.make_plan(read_configuration(project / "config.yaml", project)).cells
    first, second = cells["toy.large.digits.resnet18.vanilla"], cells["toy.small.digits.resnet18.vanilla"]
    assert first.settings.backbone.stem != second.settings.backbone.stem
    assert (first.tables, second.tables) == ((), ())
    assert cells["toy.large.phantom.none.svm"].tables == ("table-1",)
    assert cells["toy.small.digits.resnet18.blur"].tables == ("table-2",)


def test_an_arm_can_be_limited_to_a_data_set_and_a_backbone(project, paper):
    paper["arms"] = {**paper["arms"], "svm": {"classifier": "svm", "datasets": ["digits"]}}
    paper["arms"]["blur"] = {**paper["arms"]["blur"], "datasets": ["phantom"], "backbones": ["resnet18"]}
    part = resolved(project, paper)["large"]
    assert part.trains("phantom", "resnet18", "blur")
    assert not part.trains("digits", "resnet18", "blur")
    assert part.trains("digits", "none", "svm")
    assert not part.trains("phantom", "none", "svm")
    assert not part.trains("digits", "resnet18", "svm")


def test_a_selection_chooses_experiments_data_sets_and_arms(project, paper):
    assert [*resolved(project, paper, experiments=["small"])] == ["small"]
    assert [*resolved(project, paper, datasets=["phantom"])] == ["large"]
    assert [*resolved(project, paper, arms=["svm"])] == ["large"]
    assert resolved(project, paper, experiments=["small"], datasets=["retinamnist"])["small"].datasets == (
        "retinamnist",
    )
    assert {part.recipe.batch_size for part in resolved(project, paper, recipe={"batch_size": 8}).values()} == {8}


def test_an_extra_arm_replaces_its_namesake_and_a_new_one_joins_every_experiment(project, paper):
    extra = {"svm": {"classifier": "svm", "options": {"c": 2.0}}, "mine": {"label": "mine"}}
    parts = resolved(project, paper, extra_arms=extra)
    assert ("svm" in parts["large"].arms, "svm" in parts["small"].arms) == (True, False)
    assert parts["large"].arms["svm"].options == {"c": 2.0}
    assert "mine" in parts["large"].arms
    assert "mine" in parts["small"].arms


WRONG = [
    ({"experiments": ["smal"]}, {}, "papers.toy.experiments: unknown experiment 'smal'; did you mean 'small'?"),
    ({"datasets": ["retinamnist"]}, {}, "no experiment of the paper has 'retinamnist'; choose the one to run on"),
    ({}, {"datasets": ["digits"]}, "a paper needs either datasets or experiments, not both"),
    ({}, {"experiments": {}}, "a paper needs either datasets or experiments, not both"),
    ({}, {"tables": {"t": {"title": "T"}}}, "tables.t: the key 'experiment' is required, one of: large, small"),
    ({}, {"figures": {"f": {**FIGURES["figure-1"], "experiment": "lage"}}}, "figures.f.experiment: unknown experiment"),
    ({}, {"experiments": {"a": {"datasets": ["digit"]}}}, "experiments.a.datasets: unknown data set 'digit'; did you"),
    (
        {},
        {"experiments": {**EXPERIMENTS, "large": {"datasets": ["digits"], "override": {"recipe": {"epoch": 3}}}}},
        "experiments.large.override.recipe: unknown key 'epoch'; did you mean 'epochs'?",
    ),
    (
        {},
        {"experiments": {**EXPERIMENTS, "large": {"datasets": ["digits"], "override": {"recipe": {"epochs": 9}}}}},
        "experiments.large.override.protocol.measured_epochs: measures 30 epochs, but recipe.epochs trains only 9",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("taken", "changes", "expected"), WRONG, ids=[case[2][:40] for case in WRONG])
def test_an_invalid_mechanism_is_one_line(project, paper, taken, changes, expected):
    with pytest.raises(UserError) as caught:
        resolved(project, {**paper, **changes}, **taken)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_statement_holds_for_all_pairs_or_generally():
    statement = {"says": "better", "higher": {"arm": ["gsa"]}}
    assert Statement.model_validate({**statement, "all": True}).all
    with pytest.raises(ValueError, match="for all pairs or generally, not both"):
        Statement.model_validate({**statement, "all": True, "generally": True})
