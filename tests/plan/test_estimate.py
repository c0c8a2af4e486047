"""Estimated costs of a selection and the source of the estimates."""

from pathlib import Path

import pytest

from medattn.config.load import resolve
from medattn.errors import UserError
from medattn.plan.cost_estimate import cost_lines, estimate_costs
from medattn.plan.expand import make_plan
from medattn.plan.speeds import speeds_for

SHIPPED = speeds_for(Path("no-such-file"))
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
    return plan, configuration, estimate_costs(plan, configuration, frozenset(), SHIPPED)


def test_the_cost_follows_from_images_epochs_and_throughput(pytestconfig):
    plan, configuration, found = of(pytestconfig.rootpath, seeds=[0, 1])
    assert found["ppcr"].runs == 2 * 2
    images = BREAST["train"] + (BREAST["val"] + BREAST["test"]) / 3
    # 45 images/s of ResNet18, measured; ResNet50 costs as much more as it has more multiply-accumulates, or nearly.
    resnet18 = 2 * 150 * images / 45.0
    assert found["ppcr"].seconds == pytest.approx(resnet18 * (1 + 1.04771 / 0.4567), rel=0.4)
    assert found["ppcr"].seconds > resnet18
    done = frozenset(plan.runs)
    assert estimate_costs(plan, configuration, done, SHIPPED) == {}


def test_unknown_costs_name_the_unknown_fact(pytestconfig):
    networks = {"other": {"model": "torchvision/squeezenet1_1", "input_size": 64}}
    papers = {"ppcr": {**selection()["papers"]["ppcr"], "extra_backbones": networks, "backbones": ["other"]}}
    _, _, found = of(pytestconfig.rootpath, papers=papers)
    assert (found["ppcr"].runs, found["ppcr"].unknown) == (0, {"torchvision/squeezenet1_1 at 64 px": 1})
    assert list(cost_lines(found, SHIPPED)) == [
        "  estimate, ppcr: unknown for 1 runs (torchvision/squeezenet1_1 at 64 px)"
    ]


COLUMNS = "paper,experiment,counted_for,backbone,arm,gmacs,training_images_per_second,device"


def test_speeds_measured_for_the_selection_take_precedence(pytestconfig, tmp_path):
    plan, configuration, _ = of(pytestconfig.rootpath)
    path = tmp_path / "complexity.csv"
    path.write_text(
        f"{COLUMNS}\nppcr,medmnist,breastmnist,resnet18,vanilla,0.5,10,NVIDIA X\n"
        "ppcr,medmnist,breastmnist,resnet50,vanilla,1.0,,NVIDIA X\ngsa,a,b,c,lr,,,\n"
    )
    speeds = speeds_for(path)
    found = estimate_costs(plan, configuration, frozenset(), speeds)
    images = BREAST["train"] + (BREAST["val"] + BREAST["test"]) / 3
    assert found["ppcr"].seconds == pytest.approx(150 * images * (1 / 10 + 1 / 5))
    hours = found["ppcr"].seconds / 3600
    cost, source = cost_lines(found, speeds)
    assert (cost, "NVIDIA X" in source) == (f"  estimate, ppcr: about {hours:.1f} hours for 2 runs", True)


def test_a_file_without_speeds_is_ignored_and_a_damaged_one_is_an_error(tmp_path):
    path = tmp_path / "complexity.csv"
    path.write_text(COLUMNS.rpartition(",training")[0] + "\nppcr,medmnist,breastmnist,resnet18,vanilla,0.5\n")
    assert speeds_for(path) == SHIPPED
    for damaged in ("params\n1\n", f"{COLUMNS}\nppcr,m,b,r,v,much,1,cpu\n"):
        path.write_text(damaged)
        with pytest.raises(UserError, match="run it again"):
            speeds_for(path)
