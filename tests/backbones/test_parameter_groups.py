"""Transfer learning: new parameters, frozen parameters, and learning rates."""

import copy

import pytest
import torch
from torch import nn

from medattn.backbones.build import build_backbone
from medattn.backbones.parameter_groups import ParameterGroups
from medattn.config.models.paper import Backbone
from medattn.errors import Skipped
from medattn.training import network as networks
from medattn.training.learning_rate import learning_rate
from medattn.training.loop import TrainingState, train_epochs
from medattn.training.network import NetworkSpec, build_network
from medattn.training.optimizer import create_optimizer, set_learning_rates

from ..training.conftest import recipe

TINY = "timm/test_resnet"


def parts_of(tmp_path, size=64, **keys) -> tuple[nn.Module, ParameterGroups]:
    backbone = Backbone(**{"model": TINY, **keys})
    with torch.device("meta"):
        network = build_backbone(backbone, 3, tmp_path, (size, size))
    parts = ParameterGroups(network, backbone, 3, (size, size))
    parts.freeze()
    return network, parts


def new_names(network, parts):
    return {name for name, parameter in network.named_parameters() if parts.is_new(parameter)}


@pytest.mark.parametrize(("keys", "new"), [
    ({"model": "torchvision/resnet18"}, {"fc"}),
    ({"model": "torchvision/resnet18", "stem": "small"}, {"fc", "conv1"}),
    ({"model": "torchvision/shufflenet_v2_x0_5", "stem": "small"}, {"fc", "conv1.0"}),
    ({"model": "torchvision/vgg16"}, {"classifier.6"}),
    ({"model": "torchvision/squeezenet1_1"}, {"classifier.1"}),
    ({"model": "torchvision/googlenet"}, {"fc"}),
    ({"model": TINY}, {"fc"}),
    ({"model": "medattn/acnet"}, {"classify"}),
])  # fmt: skip
def test_the_last_layer_and_a_small_stem_are_new(tmp_path, keys, new):
    assert {name.rpartition(".")[0] for name in new_names(*parts_of(tmp_path, **keys))} == new


def test_auxiliary_heads_are_new(tmp_path):
    heads = new_names(*parts_of(tmp_path, model="torchvision/googlenet", options={"auxiliary_heads": True}))
    assert {name.partition(".")[0] for name in heads} == {"fc", "aux1", "aux2"}


def test_placed_modules_are_new_and_learn(tmp_path):
    network, parts = parts_of(tmp_path, trainable=[])
    placed = nn.Conv2d(4, 4, 1)
    first = network.conv1
    network.conv1 = nn.Sequential(first, placed)  # as a placement does: other names, the same parameters
    assert parts.is_new(placed.weight) and placed.weight.requires_grad
    assert not any(parts.is_new(parameter) for parameter in first.parameters())
    assert {name for name, p in network.named_parameters() if p.requires_grad} == {
        "conv1.1.weight", "conv1.1.bias", "fc.weight", "fc.bias"
    }  # fmt: skip


def test_an_unknown_part_suggests_the_nearest_name(tmp_path):
    with pytest.raises(Skipped, match="unknown part of timm/test_resnet 'layer9'; did you mean 'layer"):
        parts_of(tmp_path, trainable=["layer9"])


def test_new_layers_learn_at_their_own_rate_by_the_same_schedule(tmp_path):
    images = torch.randn(4, 3, 32, 32)
    network = build_network(NetworkSpec(Backbone(model=TINY), 3), images, 0, tmp_path)
    settings = recipe(
        optimizer="sgd", learning_rate=0.001, new_layers_learning_rate=0.1, schedule="step", step_epochs=1
    )
    optimizer = create_optimizer(settings, network)
    old, new = optimizer.param_groups
    assert {id(p) for p in new["params"]} == {id(p) for p in network.backbone.fc.parameters()}
    assert len(old["params"]) + len(new["params"]) == len(list(network.parameters()))
    for epoch, factor in ((1, 1.0), (2, 0.1)):
        set_learning_rates(optimizer, settings, epoch)
        assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.001 * factor, 0.1 * factor])
    assert learning_rate(settings, 2) == pytest.approx(0.0001)  # what the history shows


def test_frozen_parts_do_not_change_and_a_resumed_run_is_the_same(data_for, tmp_path):
    settings = recipe(
        epochs=3, batch_size=4, optimizer="sgd", momentum=0.9, learning_rate=0.01, new_layers_learning_rate=0.1,
        weight_decay=0.01,
    )  # fmt: skip
    data = data_for(settings)
    images = data.normalized_training_images()

    def network():
        return build_network(NetworkSpec(Backbone(model=TINY, trainable=["layer4"]), 2), images, 0, tmp_path)

    def copied(state):
        return {key: value.clone() for key, value in state.items()}

    fresh, whole, after_first = network(), TrainingState(), {}

    def keep(state):
        if len(state.history) == 1:
            after_first["network"] = copied(state.network)
            after_first["optimizer"] = copy.deepcopy(state.optimizer)
            after_first["history"], after_first["scores"] = list(state.history), list(state.scores)

    before = copied(fresh.state_dict())
    train_epochs(fresh, data, settings, 0, whole, keep)
    changed = {key for key, value in fresh.state_dict().items() if not torch.equal(value, before[key])}
    assert changed
    assert all(key.startswith(("backbone.layer4.", "backbone.fc.")) for key in changed)

    resumed = TrainingState(**after_first)
    train_epochs(network(), data, settings, 0, resumed, lambda state: None)
    assert all(torch.equal(a, b) for a, b in zip(whole.scores, resumed.scores, strict=True))


def test_auxiliary_heads_join_the_loss_and_only_while_training(tmp_path):
    images = torch.randn(2, 3, 64, 64)
    backbone = Backbone(model="torchvision/googlenet", options={"auxiliary_heads": True})
    network = build_network(NetworkSpec(backbone, 2), images, 0, tmp_path)
    assert network.train()(images).shape == (2, 2)
    assert [logits.shape for logits in network.auxiliary_logits] == [(2, 2)] * 2
    assert network.eval()(images).shape == (2, 2)
    assert network.auxiliary_logits == []


class TwoHeads(nn.Module):
    """A network with a head beside the main one, which returns a tuple in training as torchvision's do."""

    def __init__(self):
        super().__init__()
        self.main, self.beside = nn.Linear(3 * 64, 2), nn.Linear(3 * 64, 2)

    def forward(self, images):
        flat = images.flatten(1)
        return (self.main(flat), self.beside(flat)) if self.training else self.main(flat)


def test_the_loss_of_an_auxiliary_head_has_the_weight_0_3(data_for, tmp_path, monkeypatch):
    monkeypatch.setattr(networks, "build_backbone", lambda *_: TwoHeads())
    settings = recipe(epochs=1, batch_size=10, optimizer="sgd", learning_rate=1.0)
    data = data_for(settings)
    images = data.normalize(data.images.taken(data.training))
    network = build_network(NetworkSpec(Backbone(model="torchvision/any"), 2), images, 0, tmp_path)
    start = {key: value.clone() for key, value in network.state_dict().items()}
    for head, weight in (("main", 1.0), ("beside", 0.3)):
        start[f"backbone.{head}.weight"].requires_grad_()
        logits = images.flatten(1) @ start[f"backbone.{head}.weight"].T + start[f"backbone.{head}.bias"]
        (weight * nn.functional.cross_entropy(logits, data.images.labels)).backward()
    train_epochs(network, data, settings, 0, TrainingState(), lambda state: None)
    for head in ("main", "beside"):
        key = f"backbone.{head}.weight"
        expected = start[key].detach() - start[key].grad
        torch.testing.assert_close(network.state_dict()[key], expected, rtol=1e-4, atol=1e-6)
