"""What is kept of the attention inside a network, beside its scores and without any effect on them."""

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from sklearn.metrics import roc_auc_score

from medattn.attention.mechanism import create_block_attention
from medattn.config.mechanisms import is_block_mechanism, mechanism_names, mechanism_options
from medattn.training.attention_snapshots import quantiles, snapshot_images

NET = {"model": "timm/test_resnet", "input_size": 32}
SPATIAL = {"ca", "cbam", "ea", "gc", "nl", "ppcr", "residual", "sa"}


def test_images_are_taken_by_class_and_position():
    labels = np.array([0, 0, 1, 1, 1, 2, 0, 1])
    assert snapshot_images(np.array([6, 4, 3, 2, 1, 0]), labels, 6).tolist() == [0, 2, 1, 3], "6 is a copy"
    many = snapshot_images(np.arange(200), np.arange(200) % 100, 200)
    assert many.tolist() == list(range(16))


@pytest.mark.parametrize("name", [name for name in mechanism_names() if is_block_mechanism(name)])
def test_a_mechanism_has_a_map_where_its_weights_have_a_place(name):
    torch.manual_seed(0)
    module = create_block_attention(name, mechanism_options(name)().model_dump(), 32, (6, 5)).eval()
    features = torch.rand(2, 32, 6, 5)
    weight_map = module.weight_map(features)
    assert (weight_map is not None) == (name in SPATIAL)
    if weight_map is not None:
        assert weight_map.shape == (2, 6, 5)
        assert (weight_map >= 0).all()
    if name in ("nl", "gc", "ea"):
        assert torch.allclose(weight_map.sum((1, 2)), torch.ones(2))


def test_quantiles_are_those_of_each_row():
    rows = np.array([[3, 1, 2], [7, 7, 7]], dtype=np.float32)
    kept = quantiles(rows)
    assert kept.shape == (2, 101)
    assert kept[0, [0, 25, 50, 100]].tolist() == [1, 1.5, 2, 3]
    assert (kept[1] == 7).all()


def test_a_measured_run_keeps_maps_masks_and_distributions_and_its_record_names_them(project):
    arms = {"gsa": None, "vanilla": {}, "gate": {"mechanism": "ppcr"}, "mask": {"mechanism": "ca"}}
    project.configure({"backbones": {"net": NET}, "arms": arms, "figures": None}, pack=40)
    plan = project.plan()
    assert project.medattn("train") == 0
    for run in plan.runs.values():
        files, record = project.files(run.id), project.record(run.id)
        expected = run.stage == "train" and not run.cell.endswith("vanilla")
        assert files.attention.exists() == expected == ("attention.safetensors" in record["outputs"])
        if not expected:
            continue
        kept, scored = load_file(files.attention), load_file(files.scores)
        assert set(kept["images"]) <= set(scored["images"])
        assert kept["labels"].tolist() == [0, 1, 0, 1]
        assert kept["layer1.0.bn2.attention/map"].shape == (4, 8, 8)
        if run.cell.endswith("mask"):
            assert kept["layer1.0.bn2.attention/mask"].shape == (2, 8, 8, 8)
            assert kept["layer1.0.bn2.attention/mask"].dtype == np.float16
        else:
            assert kept["layer2.0.bn2.attention/context"].shape == (7, 101)
            assert kept["layer2.0.bn2.attention/weight"].any()


@pytest.mark.parametrize("chosen_by", ["accuracy", "auc"])
def test_the_attention_of_the_measured_epoch_is_kept(project, chosen_by):
    arms = {"gsa": None, "vanilla": None, "gate": {"mechanism": "ppcr"}}
    protocol = {
        "kind": "best_validation_epoch",
        "validation_fraction": 0.3,
        "folds": None,
        "measured_epochs": None,
        "chosen_by": chosen_by,
        "ties": "earliest",
    }
    recipe = {"epochs": 5, "learning_rate": 0.01}
    project.configure(
        {"backbones": {"net": NET}, "arms": arms, "figures": None, "protocol": protocol, "recipe": recipe},
        seeds=[0, 1, 2],
    )
    plan = project.plan()
    assert project.medattn("train") == 0
    measured = set()
    for run in plan.runs.values():
        arrays = load_file(project.files(run.id).scores)
        scores, labels = arrays["validation_scores"].astype(float), arrays["validation_labels"]
        if chosen_by == "auc":
            right = [round(roc_auc_score(labels, epoch[:, 1]), 9) for epoch in scores]
        else:
            right = [int((epoch.argmax(1) == labels).sum()) for epoch in scores]
        (epoch,) = load_file(project.files(run.id).attention)["epoch"]
        assert epoch == right.index(max(right)) + 1
        measured.add(int(epoch))
    assert measured - {5}, "some run is measured before its last epoch"
