"""Every mechanism through the real training: an epoch in both precisions, refusals, and the weights that it shows."""

import warnings

import pytest
import torch

from medattn.config.mechanisms import is_block_mechanism, mechanism_names, mechanism_options
from medattn.config.models.paper import Backbone
from medattn.training.images import ResidentImages, normalization_for
from medattn.training.loop import TrainingData, TrainingState, train_epochs
from medattn.training.network import NetworkSpec, build_network

from .conftest import images_of, recipe

TINY = Backbone(model="timm/test_resnet")
OPTIONS = {"gsa": {"channels": 4}}


def network_of(mechanism: str, images, seed=0, backbone=TINY):
    options = {} if mechanism == "none" else mechanism_options(mechanism)(**OPTIONS.get(mechanism, {})).model_dump()
    return build_network(NetworkSpec(backbone, 2, mechanism, options), images, seed, None)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("mechanism", mechanism_names())
def test_an_epoch_without_a_warning(mechanism, precision):
    how = recipe(epochs=1, learning_rate=1e-3, batch_size=4, precision=precision)
    labels = torch.arange(8).numpy() % 2
    images = ResidentImages.on(torch.device("cpu"), [images_of(0, 8, size=128)], [labels], None)
    training = torch.arange(6)
    data = TrainingData(images, training, torch.arange(6, 8), normalization_for(how, images, training))
    states = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network = network_of(mechanism, data.normalized_training_images())
        before = {key: value.clone() for key, value in network.named_parameters()}
        train_epochs(network, data, how, 0, TrainingState(), states.append)
    row = states[-1].history[0]
    assert row.finite
    moved = [key for key, value in network.named_parameters() if not torch.equal(value, before[key])]
    attention = [key for key in before if "attention" in key]
    assert attention and set(moved) & set(attention), "the mechanism must learn"


def test_all_arms_of_a_seed_start_from_the_same_backbone_and_draw_their_own():
    images = torch.zeros(2, 3, 128, 128)
    plain = network_of("none", images).state_dict()
    for mechanism in (name for name in mechanism_names() if is_block_mechanism(name)):
        torch.manual_seed(len(mechanism))  # what came before must not matter
        first, second = (network_of(mechanism, images).state_dict() for _ in range(2))
        assert all(torch.equal(value, second[key]) for key, value in first.items())
        shared = {key.replace(".block.", "."): value for key, value in first.items() if ".attention." not in key}
        assert shared.keys() == plain.keys()
        assert all(torch.equal(value, plain[key]) for key, value in shared.items())


def test_attention_of_all_blocks_is_looked_at_in_order():
    images = torch.rand(2, 3, 64, 48)
    network = network_of("ppcr", images).eval()
    shown = network.at_blocks(images, lambda module, features: module.weights(features))
    assert [tuple(weights.shape) for weights in shown.values()] == [
        (2, 1, 16, 12), (2, 1, 8, 6), (2, 1, 4, 3), (2, 1, 2, 2),
    ]  # fmt: skip
    assert next(iter(shown)) == "layer1.0.bn2.attention"
    assert all((weights == 0.5).all() for weights in shown.values())
    assert network_of("none", images).at_blocks(images, lambda module, features: module) == {}


def test_attention_inside_attention_is_not_looked_at_on_its_own():
    images = torch.rand(1, 3, 64, 64)
    seen = network_of("cbam", images).eval().at_blocks(images, lambda module, features: type(module).__name__)
    assert set(seen.values()) == {"ConvolutionalBlockAttention"}


def test_what_does_not_fit_fails_alone_and_the_others_go_on(project):
    project.configure(
        {
            "backbones": {"net": {"model": "timm/test_resnet", "input_size": 32}},
            "arms": {
                "gsa": None,
                "bad": {"mechanism": "spa", "placement": {"after": ["layer4"]}},
                "good": {"mechanism": "ppcr"},
            },
            "figures": None,
        },
        pack=40,
    )
    plan = project.plan()
    (pack,) = [pack for pack in plan.packs.values() if pack.stage == "tune"]
    assert project.medattn("train") == 1
    for run in pack.runs:
        files = project.files(run)
        assert files.record.exists() == (".bad/" not in run)
        if ".bad/" in run:
            assert "behind layer4 of timm/test_resnet, 96 x 1 x 1: spa: a map of 1 x 1" in files.failure.read_text()


def test_the_record_says_where_the_mechanism_stood(project):
    arms = {"gsa": None, "good": {"mechanism": "ppcr", "placement": {"stages": [1]}}}
    project.configure({"backbones": {"net": {"model": "timm/test_resnet"}}, "arms": arms, "figures": None})
    plan = project.plan()
    (pack,) = [pack for pack in plan.packs.values() if pack.stage == "tune"]
    assert project.medattn("train") == 0
    for run in pack.runs:
        placement = project.record(run)["configuration"]["placement"]
        assert placement == (None if "vanilla" in run else {**placement, "stages": [1], "where": "every_block"})
