"""A user's mechanism, named `module:Class` in the configuration."""

import sys
from pathlib import Path

import pytest
import torch

from medattn.attention.mechanism import create_block_attention
from medattn.config.load import read_paper
from medattn.config.mechanisms import is_block_mechanism, mechanism_options, mechanism_skip_reason
from medattn.config.models.paper import Arm
from medattn.errors import UserError
from medattn.plan.model import CellSettings
from medattn.provenance.code import code_digest
from medattn.shipped import SHIPPED
from medattn.training.own_mechanism import check_own_mechanism

HEAD = """
from typing import Annotated, Literal
import torch
from pydantic import Field
from medattn.attention.mechanism import BlockAttention, InputAttention
"""
SOURCE = f'''"""My attention."""
{HEAD}

class Half(BlockAttention):
    """Multiplies by a factor."""

    def __init__(
        self, channels: int, size: tuple[int, int], *, factor: Annotated[float, Field(gt=0, description="f")] = 0.5
    ) -> None:
        super().__init__()
        self.factor = torch.nn.Parameter(torch.full((), factor))

    @staticmethod
    def skip_reason(channels, size, options):
        return "too narrow" if channels < 8 else None

    def forward(self, features):
        return features * self.factor


class Third(Half):
    def forward(self, features):
        return features / 3
'''


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in ("mine", "package", "distant"):
        for loaded in [module for module in sys.modules if module.split(".")[0] == name]:
            del sys.modules[loaded]


def written(folder: Path, text: str, name: str = "mine") -> None:
    path = folder / f"{name.replace('.', '/')}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_planning_does_not_import_the_module(folder):
    written(folder, SOURCE + "\nraise RuntimeError('imported')\n")
    assert is_block_mechanism("mine:Half")
    assert mechanism_options("mine:Half")().model_dump() == {"factor": 0.5}
    assert mechanism_skip_reason("mine:Half", 4, (7, 7), {"factor": 0.5}) == "too narrow"
    assert mechanism_skip_reason("mine:Half", 8, (7, 7), {"factor": 0.5}) is None
    assert "mine" not in sys.modules
    with pytest.raises(UserError, match=r"mine\.py: can't be imported: RuntimeError: imported"):
        create_block_attention("mine:Half", {"factor": 0.5}, 8, (7, 7))


def test_options_inherited_within_the_file_count(folder):
    written(folder, SOURCE)
    assert mechanism_options("mine:Third")().model_dump() == {"factor": 0.5}
    assert mechanism_skip_reason("mine:Third", 4, (7, 7), {}) == "too narrow"
    module = create_block_attention("mine:Third", {"factor": 0.5}, 9, (7, 7))
    torch.testing.assert_close(module(torch.ones(1, 9, 2, 2)), torch.full((1, 9, 2, 2), 1 / 3))


@pytest.mark.parametrize("name", ["package.inner", "package.deeper.inner"])
def test_the_module_may_be_in_a_package_that_the_plan_does_not_import(folder, name):
    written(folder, SOURCE, name)
    for parent in (folder / name.replace(".", "/")).relative_to(folder).parents:
        if parent != Path():
            (parent / "__init__.py").write_text("")
    assert mechanism_options(f"{name}:Half")().model_dump() == {"factor": 0.5}
    assert "package" not in sys.modules
    assert create_block_attention(f"{name}:Half", {"factor": 2.0}, 8, (1, 1)).factor == 2


def test_the_module_may_be_on_pythonpath(folder, monkeypatch, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    written(elsewhere, SOURCE, "distant")
    monkeypatch.syspath_prepend(elsewhere)
    assert create_block_attention("distant:Half", {"factor": 2.0}, 8, (1, 1)).factor == 2


def test_its_code_is_part_of_the_digest_and_its_comments_are_not(folder):
    def digest(text):
        written(folder, text)
        return code_digest("mine:Half")

    plain = digest(SOURCE)
    assert digest(SOURCE + "\n# a comment\n") == plain
    assert digest(SOURCE.replace("My attention.", "Another word.")) == plain
    assert digest(SOURCE.replace("/ 3", "/ 4")) != plain
    assert plain != code_digest("ppcr")


@pytest.mark.parametrize(("mechanism", "source", "message"), [
    ("absent:Half", SOURCE, "no module 'absent': searched as a file in {folder}, then along PYTHONPATH"),
    ("mine.inner:Half", SOURCE, "no module 'mine.inner'"),
    ("mine:Haff", SOURCE, "{folder}/mine.py: unknown class 'Haff'; did you mean 'Half'?"),
    ("mine:A", f"{HEAD}class A: pass", "mine.py:6: A derives from neither BlockAttention nor InputAttention"),
    ("mine:A", "class A(:\n", "mine.py:1: invalid Python"),
    ("mine/half.py:Half", SOURCE, "unknown mechanism 'mine/half.py:Half'"),
    ("mine:A", HEAD + "class A(BlockAttention):\n def __init__(self, channels): pass",
     "mine.py:7: the constructor must take (self, channels, size, *, hyper-parameters...)"),
    ("mine:A", HEAD + "class A(BlockAttention):\n def __init__(self, channels, size, **more): pass",
     "the constructor must take (self, channels, size, *, hyper-parameters...)"),
    ("mine:A", HEAD + "class A(InputAttention):\n def __init__(self, *, f): pass", "'f' has no type"),
    ("mine:A", HEAD + "N = 3\nclass A(InputAttention):\n def __init__(self, *, f: int = N): pass",
     "mine.py:8: type and default of 'f' are read without importing the file"),
    ("mine:A", HEAD + "class A(InputAttention):\n def __init__(self, *, f: torch.Tensor): pass",
     "type and default of 'f' are read without importing the file"),
])  # fmt: skip
def test_an_invalid_mechanism_is_one_line(folder, mechanism, source, message):
    written(folder, source)
    with pytest.raises(UserError) as error:
        mechanism_options(mechanism)
    assert message.format(folder=folder) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_skip_reason_that_needs_its_module_is_refused(folder):
    written(folder, HEAD + "class A(BlockAttention):\n @staticmethod\n def skip_reason(c, s, o): return torch.ones(c)")
    with pytest.raises(UserError, match=r"mine\.py:8: skip_reason may use only its arguments and built-in functions"):
        mechanism_skip_reason("mine:A", 8, (7, 7), {})


def test_a_module_with_the_name_of_another_module_is_refused(folder):
    written(folder, SOURCE, "json")
    with pytest.raises(UserError, match=r"another module, .*, has the name 'json'"):
        create_block_attention("json:Half", {"factor": 0.5}, 8, (7, 7))


@pytest.mark.parametrize(("arm", "message"), [
    ({"options": {"facto": 1.0}}, "extra_arms.mine.options: unknown key 'facto'; did you mean 'factor'?"),
    ({"options": {"factor": 0.0}}, "extra_arms.mine.options.factor: should be greater than 0"),
    ({"grid": {"options.facter": [0.5]}}, "did you mean 'options.factor'?"),
    ({"mechanism": "mine:Haff"}, "extra_arms.mine.mechanism: {root}/mine.py: unknown class 'Haff'"),
    ({"mechanism": "gsa", "placement": {"stages": [1]}}, "extra_arms.mine.placement: 'gsa' works on the input images"),
    ({"mechanism": "none", "placement": {"stages": [1]}}, "extra_arms.mine.placement: the arm has no mechanism"),
    ({"placement": {"where": "every_blok"}}, "where: unknown value 'every_blok'; did you mean 'every_block'?"),
    ({"placement": {"after": ["layer1"], "stages": [1]}}, "after already names the insertion points; remove stages"),
    ({"placement": {"stages": [1, 1]}}, "stages has an entry twice"),
])  # fmt: skip
def test_a_wrong_arm_is_one_line_and_exit_code_2(project, capsys, arm, message):
    written(project.root, SOURCE)
    project.configure(papers={"tiny": {"extra_arms": {"mine": {"mechanism": "mine:Half", **arm}}}})
    assert project.medattn("plan") == 2
    published = capsys.readouterr().err
    assert message.format(root=project.root) in published
    assert published.count("\n") == 1


def settings_of(mechanism: str) -> CellSettings:
    paper = read_paper("demo", SHIPPED / "papers", "")
    return CellSettings(paper.backbones["tiny-resnet"], Arm(mechanism=mechanism), paper.recipe, paper.protocol, "", "")


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        ("\n    if features.ndim == 4:\n        return features[..., 1:]\n    return features", 3,
         "returned 2 x 32 x 7 x 6 of float32 for features of 2 x 32 x 7 x 7; it must return 2 x 32 x 7 x 7 of float32"),
        (" return features.mean((2, 3))", 1, "returned 2 x 32 of float32"),
        (" return features.double()", 1, "7 x 7 of float64"),
        (" features + 1", 1, "returned nothing"),
        ("\n    return features @ torch.ones(3, 3)", 2, "failed for features of 2 x 32 x 7 x 7: RuntimeError: "),
    ],
)  # fmt: skip
def test_a_wrong_output_is_named_with_file_and_line(folder, body, line, message):
    constructor = "def __init__(self, channels, size): super().__init__()"
    text = f"{HEAD}class A(BlockAttention):\n {constructor}\n def forward(self, features):{body}\n"
    written(folder, text)
    first = text[: text.index(" def forward")].count("\n") + 1
    with pytest.raises(UserError) as error:
        check_own_mechanism(settings_of("mine:A"), (28, 28))
    assert str(error.value).startswith(f"{folder / 'mine.py'}:{first + line - 1}: A.forward ")
    assert message in str(error.value)


def test_a_wrong_map_on_the_input_is_named_with_file_and_line(folder):
    written(folder, HEAD + "class A(InputAttention):\n def prepare(self, images): self.side = images.shape[-1]\n"
            " def weights(self): return torch.ones(self.side, self.side)\n")  # fmt: skip
    with pytest.raises(UserError, match=r"mine\.py:8: A\.weights returned 28 x 28 of float32 .* 1 x 1 x 28 x 28"):
        check_own_mechanism(settings_of("mine:A"), (28, 28))


def test_a_right_mechanism_passes_and_draws_no_random_numbers(folder):
    written(folder, SOURCE)
    before = torch.random.get_rng_state()
    check_own_mechanism(settings_of("mine:Half"), (28, 28))
    assert torch.equal(before, torch.random.get_rng_state())
