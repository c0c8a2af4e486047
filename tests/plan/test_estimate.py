"""What a selection will cost is told beforehand, and what it rests on."""

import pytest

from medattn.config.load import resolve
from medattn.plan.estimate import estimate_lines, estimates
from medattn.plan.expand import make_plan

BREAST = {"train": 546, "val": 78, "test": 156}


def selection(**changes):
    return {
        "selection": "t",
        "papers": {"ppcr": {"experiments": ["medmnist"], "datasets": ["breastmnist"], "arms": ["vanilla"]}},
        "stand_ins": True,
        "seeds": [0],
        **changes,
    }


def of(root, **changes):
    configuration = resolve(selection(**changes), root, "config.yaml")
    plan = make_plan(configuration)
    return plan, configuration, estimates(plan, configuration, frozenset())


def test_cost_follows_from_images_epochs_and_measured_throughput(pytestconfig):
    plan, configuration, found = of(pytestconfig.rootpath, seeds=[0, 1])
    assert found["ppcr"].runs == 2 * 2
    images = BREAST["train"] + (BREAST["val"] + BREAST["test"]) / 3
    # 45 images/s of ResNet18, measured; ResNet50 costs as much more as it has more multiply-accumulates, or nearly.
    resnet18 = 2 * 150 * images / 45.0
    assert found["ppcr"].seconds == pytest.approx(resnet18 * (1 + 1.04771 / 0.4567), rel=0.4)
    assert found["ppcr"].seconds > resnet18
    done = frozenset(plan.runs)
    assert estimates(plan, configuration, done) == {}


def test_what_is_not_known_is_said(pytestconfig):
    networks = {"other": {"model": "torchvision/squeezenet1_1", "input_size": 64}}
    papers = {"ppcr": {**selection()["papers"]["ppcr"], "extra_backbones": networks, "backbones": ["other"]}}
    _, _, found = of(pytestconfig.rootpath, papers=papers)
    assert (found["ppcr"].runs, found["ppcr"].unknown) == (0, {"torchvision/squeezenet1_1 at 64 px": 1})
    assert list(estimate_lines(found)) == ["  estimate, ppcr: unknown for 1 runs (torchvision/squeezenet1_1 at 64 px)"]
