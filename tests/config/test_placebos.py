"""Placebo arms: declared, added by a key of an arm or a selection, compared, and shown next to their arm."""

from pathlib import Path

import pytest
import yaml

from medattn.compare.pairs import declared_pairs, families_of
from medattn.config.load import read_configuration
from medattn.config.resolved import ResolvedPaper
from medattn.errors import UserError
from medattn.plan import expand
from medattn.plan.model import CellSettings
from tests.config.conftest import PAPER

BLUR = PAPER["arms"]["blur"]


def resolved(project: Path, added: dict, keys: dict | None = None, **taken: object) -> ResolvedPaper:
    paper = {**PAPER, "arms": {**PAPER["arms"], **added}, **(keys or {})}
    (project / "papers" / "toy" / "paper.yaml").write_text(yaml.safe_dump(paper, sort_keys=False))
    (project / "config.yaml").write_text(yaml.safe_dump({"selection": "test", "papers": {"toy": taken}}))
    return read_configuration(project / "config.yaml", project).papers[0]


def test_one_key_of_an_arm_adds_its_placebos_after_it(project):
    arms = {"blur": {**BLUR, "label": "with blur", "placebos": ["frozen", "constant"]}}
    paper = resolved(project, arms)
    assert list(paper.arms) == ["vanilla", "blur", "blur-frozen", "blur-constant", "svm"]
    frozen = paper.arms["blur-frozen"]
    assert (frozen.placebo, frozen.placebo_of, frozen.label) == ("frozen", "blur", "with blur, frozen")
    assert (frozen.mechanism, frozen.grid) == ("blur", BLUR["grid"])
    assert paper.arms["blur"].placebo is None


def test_one_key_of_a_selection_adds_placebos_to_every_mechanism(project):
    paper = resolved(project, {}, placebos=["constant"])
    assert list(paper.arms) == ["vanilla", "blur", "blur-constant", "svm"]
    assert paper.arms["blur-constant"].label == "blur, constant"


def test_a_declared_placebo_is_not_added_again(project):
    own = {"mechanism": "blur", "placebo": "frozen", "placebo_of": "blur", "label": "my own"}
    paper = resolved(project, {"still": own}, placebos=["frozen", "constant"])
    assert list(paper.arms) == ["vanilla", "blur", "blur-constant", "svm", "still"]
    extra = resolved(project, {}, extra_arms={"still": own})
    assert extra.arms["still"].placebo_of == "blur"


def test_a_selected_arm_brings_its_placebos_and_others_do_not(project):
    arms = {"blur": {**BLUR, "placebos": ["frozen"]}}
    assert list(resolved(project, arms, arms=["vanilla", "blur"]).arms) == ["vanilla", "blur", "blur-frozen"]
    assert list(resolved(project, arms, arms=["vanilla"]).arms) == ["vanilla"]
    assert list(resolved(project, arms, arms=["blur-frozen"]).arms) == ["blur-frozen"]
    replaced = {"blur": {"mechanism": "blur", "options": {"width": 9}, "placebos": ["constant"]}}
    paper = resolved(project, arms, extra_arms=replaced)
    assert list(paper.arms) == ["vanilla", "blur", "blur-constant", "svm"]
    assert paper.arms["blur-constant"].options == {"width": 9}


def test_a_placebo_searches_no_weight_of_a_term_of_the_loss(project, attention_folder):
    gated = {"mechanism": "weighted", "grid": {"options.coefficient": [0.5, 1.0], "recipe.weight_decay": [0.1, 0.2]}}
    source = (attention_folder / "blur.py").read_text()
    weighted = source.replace('"blur"', '"weighted"').replace("width: Annotated[int", "coefficient: Annotated[float")
    (attention_folder / "weighted.py").write_text(weighted.replace("ge=1, le=9", "ge=0").replace("= 3", "= 1.0"))
    try:
        frozen = resolved(project, {"gated": {**gated, "placebos": ["frozen"]}}).arms["gated-frozen"]
    finally:
        (attention_folder / "weighted.py").unlink()
    assert frozen.grid == {"recipe.weight_decay": [0.1, 0.2]}
    assert frozen.options == {"coefficient": 0.5}


def test_a_placebo_is_compared_with_its_arm_and_with_vanilla_in_a_family_of_its_own(project):
    paper = resolved(project, {}, placebos=["frozen"])
    pairs = {(pair.arm, pair.against): pair.family for pair in declared_pairs(paper, "digits")}
    assert pairs == {
        ("blur", "vanilla"): "main",
        ("blur", "blur-frozen"): "placebos",
        ("blur-frozen", "vanilla"): "placebos",
    }
    without = declared_pairs(resolved(project, {}), "digits")
    assert {(pair.arm, pair.against): pair.family for pair in without} == {("blur", "vanilla"): "main"}
    assert families_of(paper)["main"].arms == ["vanilla", "blur"], "ranks of the paper's arms stay the same"


def test_a_placebo_is_trained_and_shown_where_its_arm_is(project):
    backbones = {"resnet18": {"model": "torchvision/resnet18", "arms": ["vanilla", "blur"]}}
    tables = {"toy-table": {"title": "T", "arms": ["vanilla", "blur"]}, "other": {"title": "O", "arms": ["vanilla"]}}
    paper = resolved(project, {}, {"backbones": backbones, "tables": tables}, placebos=["frozen"])
    assert paper.trains("digits", "resnet18", "blur-frozen")
    assert paper.shows(paper.tables["toy-table"], "digits", "resnet18", "blur-frozen")
    assert not paper.shows(paper.tables["other"], "digits", "resnet18", "blur-frozen")


def test_placebos_are_cells_of_the_plan_and_change_no_other_run(project, monkeypatch):
    monkeypatch.setattr(expand, "code_digest", lambda *_: "code")  # blur has no file in the package
    resolved(project, {})
    plain = expand.make_plan(read_configuration(project / "config.yaml", project))
    resolved(project, {}, placebos=["frozen", "constant"])
    plan = expand.make_plan(read_configuration(project / "config.yaml", project))
    assert plain.runs.keys() < plan.runs.keys()
    names = {run.name for run in plan.runs.values() if "blur" in run.cell and run.stage == "train"}
    assert len(names) == 3 * 5, "arm and placebos have different names of runs"
    cell = plan.cells["toy.digits.resnet18.blur-frozen"]
    assert cell.settings.arm.placebo_of == "blur"
    assert CellSettings.from_json(cell.settings.to_json()) == cell.settings


@pytest.mark.parametrize(("arm", "message"), [
    ({"placebos": ["frozen"]}, "arms.new: an arm without a mechanism has no placebo"),
    ({"mechanism": "blur", "placebo": "frozen"}, "has both 'placebo' and 'placebo_of', or neither"),
    ({"mechanism": "blur", "placebo": "frozen", "placebo_of": "blur", "placebos": ["frozen"]}, "has no placebos"),
    ({"mechanism": "blur", "placebo": "frozen", "placebo_of": "blurr"}, "did you mean 'blur'"),
    ({"mechanism": "blur", "placebo": "frozen", "placebo_of": "vanilla"}, "should be an arm in which 'blur' learns"),
    ({"mechanism": "blur", "placebos": ["frozn"]}, "did you mean 'frozen'"),
    ({"mechanism": "blur", "placebos": ["frozen", "frozen"]}, "placebos names a kind twice"),
])  # fmt: skip
def test_an_invalid_placebo_is_one_line(project, arm, message):
    with pytest.raises(UserError, match=message) as caught:
        resolved(project, {"new": arm})
    assert "\n" not in str(caught.value)


def test_names_that_clash_are_refused(project):
    taken = {"blur": {**BLUR, "placebos": ["frozen"]}, "blur-frozen": {"mechanism": "blur"}}
    with pytest.raises(UserError, match="blur-frozen: 'placebos' of 'blur' adds an arm with this name"):
        resolved(project, taken)
    long = "a" * 36
    with pytest.raises(UserError, match="is too long"):
        resolved(project, {long: {**BLUR, "placebos": ["frozen"]}})


def test_the_name_of_their_family_is_reserved(project):
    with pytest.raises(UserError, match="'placebos' is reserved"):
        resolved(project, {}, {"families": {"placebos": {"arms": ["blur"]}}})
