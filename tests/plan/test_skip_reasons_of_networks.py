"""Cells whose mechanism does not fit are in the plan with a reason, without importing torch."""

import csv
import io
import subprocess
import sys

import pytest

ARMS = {"vanilla": {}, "spa": {"mechanism": "spa"}, "ppcr": {"mechanism": "ppcr"}}
RESNET = {"model": "torchvision/resnet18"}


def missing(project, arms=ARMS, backbone=RESNET, size=28):
    """Arm -> reason, from the plan."""
    source = {"source": {"size": size, "counts": {"train": [10, 10], "test": [6, 6]}}, "classes": ["a", "b"]}
    backbone = {"input_size": None, **backbone}
    project.configure(
        {"backbones": {"net": backbone}, "arms": {"gsa": None, **arms}, "figures": None}, datasets={"phantom": source}
    )
    return {cell.arm: cell.missing for cell in project.plan().cells.values()}


def test_the_reason_names_the_block_with_too_small_a_map(project):
    assert missing(project) == {
        "vanilla": None,
        "ppcr": None,
        "spa": "spa can't follow layer3.0.bn2, 256 x 2 x 2: a map of 2 x 2 is smaller than the finest grid of 4 x 4",
    }


@pytest.mark.parametrize(("backbone", "arm"), [
    ({**RESNET, "stem": "small"}, {}),
    ({**RESNET, "input_size": 128}, {}),
    (RESNET, {"placement": {"stages": [1, 2]}}),
    (RESNET, {"options": {"scales": 1}}),
])  # fmt: skip
def test_settings_that_make_the_mechanism_fit_remove_the_reason(project, backbone, arm):
    assert missing(project, {"spa": {"mechanism": "spa", **arm}}, backbone)["spa"] is None


def test_one_unfitting_grid_point_skips_the_cell(project):
    arms = {"ppcr": {"mechanism": "ppcr", "grid": {"options.scales": [3, 6], "recipe.weight_decay": [0.1, 0.01]}}}
    assert missing(project, arms, {"model": "timm/test_resnet"})["ppcr"] == (
        "ppcr can't follow layer2.0.bn2, 48 x 4 x 4: 48 channels can't be divided into 32 groups"
    )


@pytest.mark.parametrize(("backbone", "reason"), [
    ({"model": "timm/test_vit"}, "the blocks of timm/test_vit are unknown; name the modules with placement.after"),
    ({"model": "torchvision/squeezenet1_1"}, "the blocks of torchvision/squeezenet1_1 are unknown"),
])  # fmt: skip
def test_an_unknown_architecture_allows_vanilla_only(project, backbone, reason):
    found = missing(project, backbone=backbone)
    assert found["vanilla"] is None
    assert found["ppcr"].startswith(reason)


def test_training_decides_about_named_modules_of_unknown_networks(project):
    arms = {"ppcr": {"mechanism": "ppcr", "placement": {"after": ["features.3"]}}}
    assert missing(project, arms, {"model": "torchvision/squeezenet1_1"})["ppcr"] is None


def test_planning_checks_named_blocks_of_known_networks(project):
    def named(*after, **options):
        arm = {"mechanism": "residual", "options": options, "placement": {"after": list(after)}}
        return missing(project, {"ra": arm}, {"model": "timm/inception_v4"}, 107)["ra"]

    assert named("features.9", "features.21", depth=0) is None
    assert named("features.21", "features.9", depth=2) == (
        "residual can't follow features.21, 1536 x 2 x 2: a map of 2 x 2 can't be halved 2 times"
    )
    assert named("features.9", "features.0", depth=2) is None


def test_a_missing_stage_is_a_reason(project):
    arms = {"ppcr": {"mechanism": "ppcr", "placement": {"stages": [5]}}}
    assert missing(project, arms)["ppcr"] == "torchvision/resnet18 has 4 stages, and no stage 5"


def test_images_too_small_for_the_network_skip_every_arm(project):
    found = missing(project, backbone={"model": "torchvision/inception_v3"})
    assert set(found.values()) == {"images of 28 x 28 are too small for torchvision/inception_v3, which needs 75 px"}


def test_auxiliary_heads_need_larger_images(project):
    found = missing(project, backbone={"model": "torchvision/inception_v3", "options": {"auxiliary_heads": True}})
    network = "torchvision/inception_v3 with auxiliary heads"
    assert set(found.values()) == {f"images of 28 x 28 are too small for {network}, which needs 299 px"}


def test_too_small_an_input_size_is_a_configuration_error(project, capsys):
    project.configure({"backbones": {"net": {"model": "torchvision/inception_v3", "input_size": 74}}})
    assert project.medattn("plan") == 2
    assert capsys.readouterr().err.splitlines() == [
        "medattn: papers/tiny/paper.yaml: backbones.net.input_size: 74 px are too small for torchvision/inception_v3, "
        "which needs at least 75 px"
    ]


def test_a_missing_small_stem_is_a_configuration_error(project, capsys):
    project.configure({"backbones": {"net": {"model": "torchvision/vgg16", "stem": "small"}}})
    assert project.medattn("plan") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "medattn: papers/tiny/paper.yaml: backbones.net.stem: no small stem is known for torchvision/vgg16; use "
    )


def test_the_plan_gives_the_reason_without_importing_torch(project):
    missing(project)
    plan = "from medattn.__main__ import main; main(['plan', '--format', 'csv'])"
    script = f"import sys; {plan}; assert not 'torch' in sys.modules"
    done = subprocess.run([sys.executable, "-c", script], cwd=project.root, capture_output=True, text=True, check=True)
    rows = {row["arm"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert "finest grid" in rows["spa"]["missing"]
    assert rows["vanilla"]["missing"] == ""


def test_placement_affects_runs_of_block_mechanisms_only(project):
    def names(placement, mechanism="ppcr"):
        missing(project, {"ppcr": {"mechanism": mechanism, **({"placement": placement} if placement else {})}})
        return {arm: {run.name for run in project.plan().runs.values() if run.cell.endswith(arm)} for arm in ARMS}

    everywhere, again, ends = names(None), names({"where": "every_block"}), names({"where": "stage_ends"})
    assert everywhere == again
    assert everywhere["ppcr"].isdisjoint(ends["ppcr"])
    assert everywhere["vanilla"] == ends["vanilla"]
