"""Recorded steps, rehearsed without a GPU: a recorder that repeats the very call stands in for the CUDA graph."""

import copy

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from medattn.config.mechanisms import mechanism_names
from medattn.training import loop
from medattn.training.cuda_graphs import GraphCache
from medattn.training.images import ResidentImages, normalization_for
from medattn.training.loop import TrainingData, TrainingState, train_epochs
from medattn.training.optimizer import create_optimizer, put_learning_rates_on
from medattn.training.step import Step

from . import test_block_attention
from .conftest import images_of, recipe
from .test_block_attention import network_of

CPU = torch.device("cpu")


class Rehearsal:
    """Repeats the call with the tensors that it was recorded with, as a graph does with its addresses."""

    def __init__(self) -> None:
        self.recorded = self.replayed = self.launched = 0
        self.networks = []

    def launch(self, work):
        self.launched += 1
        work()

    def record(self, work):
        self.recorded += 1

        def replay():
            self.replayed += 1
            for network in self.networks:  # a graph does not know that the network it came from evaluates by now
                network.train()
            work()

        return replay


@pytest.fixture(autouse=True)
def _rates_on_the_device(monkeypatch):
    """As on CUDA: a recorded step reads the learning rate of the epoch where it lies."""

    def created(recipe, network):
        optimizer = create_optimizer(recipe, network)
        put_learning_rates_on(CPU, optimizer)
        return optimizer

    monkeypatch.setattr(loop, "create_optimizer", created)


def trained(mechanism="none", seed=0, graphs=None, state=None, count=22, after=lambda state: None, **keys):
    """Train on batches of 4, the last of 2, in 3 epochs; return network and state."""
    how = recipe(**{"epochs": 3, "learning_rate": 1e-3, "batch_size": 4, "schedule": "step", "step_epochs": 1, **keys})
    images = ResidentImages.on(CPU, [images_of(7, count + 4, size=32)], [np.arange(count + 4) % 2], None)
    training = torch.arange(count)
    data = TrainingData(images, training, torch.arange(count, count + 4), normalization_for(how, images, training))
    state = state or TrainingState()
    network = network_of(mechanism, data.normalized_training_images(), seed)
    as_work = {}
    if graphs is not None:
        graphs._recorder.networks.append(network)
        as_work = {"as_work": lambda step: graphs.of((mechanism, str(how)), step)}
    train_epochs(network, data, how, seed, state, after, **as_work)
    return network, state


def assert_same(one, other):
    (network, state), (expected, expected_state) = one, other
    assert state.history == expected_state.history
    assert all(torch.equal(a, b) for a, b in zip(state.scores, expected_state.scores, strict=True))
    weights = expected.state_dict()
    assert all(torch.equal(value, weights[key]) for key, value in network.state_dict().items())


@pytest.mark.parametrize("mechanism", ["none", "ppcr", "l1"])
@pytest.mark.parametrize("keys", [{}, {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}])
def test_replaying_trains_as_launching_does(mechanism, keys):
    rehearsal = Rehearsal()
    graphs = GraphCache(rehearsal)
    assert_same(trained(mechanism, graphs=graphs, **keys), trained(mechanism, **keys))
    assert rehearsal.recorded == 1 and graphs.record() == {"steps": "replayed"}
    # 3 epochs of 5 whole batches and a small one: three are launched, one proves the recording, the others replay it.
    assert rehearsal.replayed == 15 - 3 and rehearsal.launched == 3 + 1 + 3


def test_the_frozen_pixel_cnn_is_another_computation(monkeypatch):
    monkeypatch.setitem(test_block_attention.OPTIONS, "gsa", {"channels": 4, "cutoff_epoch": 1})
    rehearsal = Rehearsal()
    assert_same(trained("gsa", graphs=GraphCache(rehearsal)), trained("gsa"))
    assert rehearsal.recorded == 2


def test_the_next_run_of_a_cell_moves_in_and_leaves_no_trace_of_the_last(monkeypatch):
    rehearsal = Rehearsal()
    graphs = GraphCache(rehearsal)
    for seed in (0, 1, 2):
        assert_same(trained("se", seed, graphs), trained("se", seed))
    assert rehearsal.recorded == 1
    trained("se", 0, graphs, learning_rate=0.01)
    assert rehearsal.recorded == 2, "another recipe is another computation"
    for seed in (0, 1):  # attention on the input is made from its run's images
        assert_same(trained("l1", seed, graphs), trained("l1", seed))
    assert rehearsal.recorded == 4


@pytest.mark.parametrize("optimizer", [{}, {"optimizer": "sgd", "momentum": 0.9}])
def test_a_run_that_goes_on_from_a_checkpoint_moves_in_with_what_its_optimizer_gathered(optimizer):
    kept = []
    whole = trained("none", 1, after=lambda state: kept.append(copy.deepcopy(state)), **optimizer)
    graphs = GraphCache(Rehearsal())
    trained("none", 0, graphs, **optimizer)
    assert_same(trained("none", 1, graphs, state=kept[0], **optimizer), whole)


class Wrong(Rehearsal):
    """Repeats something else than what was recorded."""

    def __init__(self, change) -> None:
        super().__init__()
        self.change = change

    def record(self, work):
        return lambda: self.change(work)


def _twice(work):
    work()
    work()


@pytest.mark.parametrize("change", [lambda work: None, _twice], ids=["nothing", "twice"])
def test_a_recording_that_does_something_else_is_not_used(change):
    graphs = GraphCache(Wrong(change))
    assert_same(trained(graphs=graphs), trained())
    assert graphs.record() == {"steps": "launched: replayed, it does not do what the step does"}


def test_what_can_t_be_recorded_is_launched():
    class Refusing(Rehearsal):
        def record(self, work):
            raise RuntimeError("operation not permitted\nwhen stream is capturing")

    graphs = GraphCache(Refusing())
    assert_same(trained(graphs=graphs), trained())
    expected = "launched: it can't be recorded: operation not permitted when stream is capturing"
    assert graphs.record() == {"steps": expected}


def test_without_a_recorder_steps_stay_as_they_are():
    graphs = GraphCache(None)
    assert isinstance(graphs.of("key", Step.__new__(Step)), Step)
    assert graphs.record() == {}


class NoWaiting(TorchDispatchMode):
    """Refuses what makes the host wait for a device: numbers that are fetched, and shapes that follow from values."""

    WAITS = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "is_nonzero", "equal.default")

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        assert not any(name in str(function) for name in self.WAITS), f"{function} waits for the device"
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("mechanism", mechanism_names())
def test_no_step_waits_for_the_device(mechanism):
    how = recipe(epochs=1, learning_rate=1e-3, batch_size=4)
    images = ResidentImages.on(CPU, [images_of(7, 8, size=128)], [np.arange(8) % 2], None)
    training = torch.arange(8)
    normalize = normalization_for(how, images, training)
    network = network_of(mechanism, normalize(images.taken(training))[:, :1])
    if network.attention is not None:
        network.attention.begin_epoch(1)
    # The rate as a number: on the CPU, unlike on CUDA, the optimizer fetches it from a tensor.
    step = Step.of(network.train(), create_optimizer(how, network), how, normalize)
    with NoWaiting():
        step(images.taken(training[:4]), images.labels[:4])
