"""Every network and every mechanism of the papers, as their files say, at sizes that the plan allows."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from medattn.config.arms import arm_settings, grid_points
from medattn.config.load import read_configuration, registered_datasets
from medattn.config.mechanisms import mechanism_names
from medattn.config.models.paper import Arm, Backbone
from medattn.config.models.recipe import Augmentation, Recipe
from medattn.config.networks.catalog import smallest_size
from medattn.config.resolved import ResolvedPaper
from medattn.plan.skip_reasons import network_skip_reason

ROOT = Path(__file__).parents[2]
BREASTMNIST = registered_datasets()["breastmnist"]  # 28 px

Keys = dict[str, Any]
Pair = tuple[str, Backbone, Arm]

# Options and mechanisms that no paper uses, in addition to those of the papers.
EXTRA: dict[str, list[tuple[Keys, Keys]]] = {
    "gsa": [
        ({"model": "torchvision/googlenet", "options": {"auxiliary_heads": True}}, {}),
        (
            {
                "model": "medattn/vgg_att3",
                "input_size": 32,
                "options": {"compatibility": "dp", "normalization": "sigmoid"},
            },
            {},
        ),
    ],
    "ppcr": [
        ({"model": "timm/resnet18", "stem": "small"}, {}),
        ({"model": "torchvision/resnet18", "stem": "small"}, {"mechanism": "residual", "placement": {"stages": [1]}}),
        *(
            ({"model": "torchvision/resnet18", "stem": "small"}, {"mechanism": name})
            for name in mechanism_names()
            if name != "residual"
        ),
    ],
    "oct": [
        ({"model": "torchvision/inception_v3", "input_size": 299, "options": {"auxiliary_heads": True}}, {}),
        ({"model": "timm/inception_v3", "input_size": 299}, {}),
        (
            {"model": "timm/inception_v4", "input_size": 299, "trainable": ["features.21"]},
            {"mechanism": "residual", "placement": {"after": ["features.9", "features.17"]}},
        ),
    ],
}


@dataclass(frozen=True)
class Case:
    """A network with an arm, trained as a paper says on images of `size` x `size` px."""

    name: str
    backbone: Backbone
    arm: Arm
    options: dict[str, Any]
    recipe: Recipe
    size: int

    def network_skip_reason(self) -> str | None:
        """What the plan says of it."""
        backbone = self.backbone.model_copy(update={"input_size": self.size})
        return network_skip_reason(backbone, self.arm, self.recipe, BREASTMNIST)


def of_the_papers() -> list[Case]:
    """Each pair of network and arm at 28 px and at 224 px or the paper's size, as far as the plan allows.

    A network that needs more than 28 px is taken at its smallest size, one with the small stem at 28 px only. What
    two papers train is trained as the first says, without its augmentation and copies.
    """
    papers = read_configuration(ROOT / "config.yaml", ROOT).papers
    first = {paper.name: paper for paper in reversed(papers)}
    pairs = [(paper, *pair) for paper in papers for pair in _own_pairs(paper)]
    pairs += [(first[name], *pair) for name, pairs_beside in EXTRA.items() for pair in _models(pairs_beside)]
    found: dict[str, Case] = {}
    for paper, name, backbone, arm in pairs:
        for case in _cases(paper, name, backbone, arm):
            found.setdefault(_identity(case), case)
    return [case for case in found.values() if case.network_skip_reason() is None]


def parameters(cases: list[Case]) -> list[Any]:
    return [pytest.param(case, id=case.name) for case in cases]


def _own_pairs(paper: ResolvedPaper) -> Iterator[Pair]:
    for name, backbone in paper.backbones.items():
        for arm in paper.arms:
            if any(paper.trains(dataset, name, arm) for dataset in paper.datasets):
                yield name, backbone, paper.arms[arm]


def _models(pairs: list[tuple[Keys, Keys]]) -> Iterator[Pair]:
    for backbone, arm in pairs:
        yield backbone["model"].replace("/", "."), Backbone.model_validate(backbone), Arm.model_validate(arm)


def _cases(paper: ResolvedPaper, name: str, backbone: Backbone, arm: Arm) -> Iterator[Case]:
    recipe, options = arm_settings(arm, paper.recipe, grid_points(arm.grid)[0], name)
    recipe = recipe.model_copy(update={"oversampling": None, "augmentation": Augmentation()})
    parts = [paper.name, name, "small stem" if backbone.stem == "small" else "", arm.label or arm.mechanism]
    for size in _sizes(backbone):
        label = "-".join(filter(None, [*parts, f"{size} px"])).replace(" ", "_")
        yield Case(label, backbone, arm, options, recipe, size)


def _sizes(backbone: Backbone) -> list[int]:
    if backbone.stem == "small":
        return [28]
    return [max(28, smallest_size(backbone.model, backbone.options) or 28), backbone.input_size or 224]


def _identity(case: Case) -> str:
    backbone = case.backbone.model_dump(mode="json", exclude={"label", "arms", "input_size", "weights"})
    return f"{backbone} {case.arm.mechanism} {case.arm.placement} {case.options} {case.size}"
