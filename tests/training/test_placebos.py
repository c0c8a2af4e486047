"""Placebos of every mechanism: they train the network around them and never learn."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from medattn.attention.placebo import IMAGES, ConstantBlock, ConstantInput, FrozenBlock, FrozenInput, strength
from medattn.config.mechanisms import is_block_mechanism, mechanism_names, mechanism_options
from medattn.config.models.paper import Backbone
from medattn.config.models.placement import Placement
from medattn.training.cuda_graphs import GraphCache
from medattn.training.images import ResidentImages, normalization_for
from medattn.training.loop import TrainingData, TrainingState, train_epochs
from medattn.training.network import NetworkSpec, build_network

from .conftest import images_of, recipe
from .test_cuda_graphs import RepeatingBackend, assert_same

TINY = Backbone(model="timm/test_resnet")
EARLY = Placement(where="stage_ends", stages=[1, 2])
OPTIONS = {"gsa": {"channels": 4}}
KINDS = ["frozen", "constant"]
PLACEBOS = (FrozenBlock, FrozenInput, ConstantBlock, ConstantInput)


def network_of(mechanism: str, images: torch.Tensor, placebo: str | None, seed: int = 0) -> nn.Module:
    options = mechanism_options(mechanism)(**OPTIONS.get(mechanism, {})).model_dump()
    return build_network(NetworkSpec(TINY, 2, mechanism, options, EARLY, placebo), images, seed, None)


def data_of(how, count=10, size=32) -> TrainingData:
    images = ResidentImages.on(
        torch.device("cpu"), [images_of(3, count + 4, size=size)], [np.arange(count + 4) % 2], None
    )
    training = torch.arange(count)
    return TrainingData(images, training, torch.arange(count, count + 4), normalization_for(how, images, training))


def placebos_of(network: nn.Module) -> dict[str, nn.Module]:
    return {name: module for name, module in network.named_modules() if isinstance(module, PLACEBOS)}


def trained(mechanism, placebo, seed=0, graphs=None, state=None, after=lambda state: None):
    how = recipe(epochs=3, learning_rate=1e-3, batch_size=4, weight_decay=0.1)
    data = data_of(how, count=22)
    state = state or TrainingState()
    network = network_of(mechanism, data.normalized_training_images(), placebo, seed)
    prepare = {}
    if graphs is not None:
        graphs._backend.networks.append(network)
        prepare = {"prepare_step": lambda step: graphs.step((mechanism, placebo), step)}
    train_epochs(network, data, how, seed, state, after, **prepare)
    return network, state


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mechanism", mechanism_names())
def test_the_network_learns_and_the_placebo_does_not(mechanism, kind):
    how = recipe(epochs=2, learning_rate=1e-3, batch_size=4, weight_decay=0.1)
    data, states = data_of(how), []
    network = network_of(mechanism, data.normalized_training_images(), kind)
    modules = placebos_of(network)
    before = copy.deepcopy(network.state_dict())
    train_epochs(network, data, how, 0, TrainingState(), states.append)
    assert all(row.finite and row.penalty == 0 for row in states[-1].history)
    after = network.state_dict()
    inside = [key for key in before if any(key.startswith(f"{name}.") for name in modules)]
    assert modules and inside
    assert all(torch.equal(before[key], after[key]) for key in inside)
    weights = [key for key, _ in network.named_parameters() if key not in inside]
    assert any(not torch.equal(before[key], after[key]) for key in weights)


@pytest.mark.parametrize("mechanism", mechanism_names())
def test_a_frozen_mechanism_starts_as_the_learning_one_does(mechanism):
    images = data_of(recipe()).normalized_training_images()
    torch.manual_seed(1)  # what came before must not matter
    learning = network_of(mechanism, images, None).state_dict()
    frozen = network_of(mechanism, images, "frozen")
    inner = {key.replace(".mechanism.", ".", 1): value for key, value in frozen.state_dict().items()}
    assert all(torch.equal(value, inner[key]) for key, value in learning.items())
    assert not any(
        parameter.requires_grad for module in placebos_of(frozen).values() for parameter in module.parameters()
    )
    x = images[:3].expand(-1, 3, -1, -1)
    assert torch.equal(frozen.eval()(x), network_of(mechanism, images, None).eval()(x))


@pytest.mark.parametrize("mechanism", mechanism_names())
def test_around_a_constant_the_network_starts_as_vanilla_does(mechanism):
    images = data_of(recipe()).normalized_training_images()
    constant = network_of(mechanism, images, "constant")
    plain = build_network(NetworkSpec(TINY, 2), images, 0, None)
    assert sum(p.numel() for p in constant.parameters()) == sum(p.numel() for p in plain.parameters())
    around = {
        key.replace(".block.", "."): value for key, value in constant.state_dict().items() if "strength" not in key
    }
    assert around.keys() == plain.state_dict().keys()
    assert all(torch.equal(value, around[key]) for key, value in plain.state_dict().items()), "statistics included"


def least_squares(before: torch.Tensor, after: torch.Tensor) -> float:
    x, y = before.detach().double().flatten().numpy(), after.detach().double().flatten().numpy()
    return float(np.linalg.lstsq(x[:, None], y, rcond=None)[0][0])


@pytest.mark.parametrize("mechanism", [name for name in mechanism_names() if is_block_mechanism(name)])
def test_the_constant_of_a_block_is_the_least_squares_factor_of_the_initialized_mechanism(mechanism):
    images = data_of(recipe(), count=IMAGES + 6, size=32).normalized_training_images()
    constants = placebos_of(network_of(mechanism, images, "constant"))
    learning = network_of(mechanism, images, None).train()
    expected = {}
    for name in constants:
        learning.get_submodule(name).register_forward_hook(
            lambda _module, inputs, output, name=name: (
                expected.setdefault(name, (inputs[0].clone(), output.clone())) and None
            )
        )
    with torch.no_grad():
        learning(images[:IMAGES].expand(-1, 3, -1, -1))
    for name, (before, after) in list(expected.items()):
        if not before.any():  # the residual branches of this network start as zero
            before = torch.randn(before.shape, generator=torch.Generator().manual_seed(0))
            after = learning.get_submodule(name)(before)
        expected[name] = least_squares(before, after)
    for name, module in constants.items():
        assert float(module.strength) == pytest.approx(expected[name], rel=1e-5), name
        x = torch.randn(2, 8, 3, 3)
        assert torch.equal(module(x), x * module.strength)


@pytest.mark.parametrize("mechanism", [name for name in mechanism_names() if not is_block_mechanism(name)])
def test_the_constant_of_the_input_is_the_least_squares_factor_of_the_initialized_map(mechanism):
    images = data_of(recipe()).normalized_training_images()
    expected = least_squares(images, network_of(mechanism, images, None).attention(images))
    network = network_of(mechanism, images, "constant")
    assert float(network.attention.strength) == pytest.approx(expected, rel=1e-5)
    assert network.attention_map().shape == images.shape[-2:]
    assert torch.equal(network.attention(images), images * network.attention.strength)


def test_the_strength_of_known_factors():
    x = torch.randn(5, 3, 4, 4)
    assert float(strength(x, 0.25 * x)) == pytest.approx(0.25)
    assert float(strength(torch.zeros(2, 3), torch.ones(2, 3))) == 1, "no factor maps zeros to anything else"


def test_a_frozen_map_stays_that_of_initialization_before_and_after_the_cutoff_epoch():
    network, state = trained("gsa", "frozen")
    images = data_of(recipe(), count=22).normalized_training_images()
    expected = network_of("gsa", images, None).attention_map()
    assert torch.equal(network.attention_map(), expected)
    assert torch.equal(state.map_before, expected)


def test_normalization_in_a_frozen_mechanism_keeps_its_statistics():
    network, _ = trained("ca", "frozen")
    normalizations = [
        module
        for placebo in placebos_of(network.train()).values()
        for module in placebo.modules()
        if isinstance(module, nn.BatchNorm2d)
    ]
    assert normalizations
    for module in normalizations:
        assert not module.training
        assert int(module.num_batches_tracked) == 0
        assert torch.equal(module.running_var, torch.ones_like(module.running_var))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mechanism", ["se", "l1", "gsa"])
def test_resumed_and_graphed_runs_are_the_same(mechanism, kind):
    kept = []
    whole = trained(mechanism, kind, 1, after=lambda state: kept.append(copy.deepcopy(state)))
    assert_same(trained(mechanism, kind, 1, state=kept[0]), whole)
    graphs = GraphCache(RepeatingBackend())
    trained(mechanism, kind, 0, graphs)  # leaves a graph with other constants
    assert_same(trained(mechanism, kind, 1, graphs), whole)
    assert graphs.record() == {"steps": "replayed"}
