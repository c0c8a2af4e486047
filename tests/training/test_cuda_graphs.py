"""Graphed steps without a GPU: a backend that repeats the captured call replaces CUDA graphs."""

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


class RepeatingBackend:
    """Replays by calling again with the captured tensors, as a graph does with its addresses."""

    def __init__(self) -> None:
        self.captured = self.replayed = self.eager = 0
        self.networks = []

    def run_eagerly(self, work):
        self.eager += 1
        work()

    def capture(self, work):
        self.captured += 1

        def replay():
            self.replayed += 1
            for network in self.networks:  # a graph replays training steps, also after the network evaluated
                network.train()
            work()

        return replay


@pytest.fixture(autouse=True)
def _rates_on_the_device(monkeypatch):
    """Keep learning rates in tensors, as on CUDA, where a graph reads them from memory."""

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
    prepare = {}
    if graphs is not None:
        graphs._backend.networks.append(network)
        prepare = {"prepare_step": lambda step: graphs.step((mechanism, str(how)), step)}
    train_epochs(network, data, how, seed, state, after, **prepare)
    return network, state


def assert_same(one, other):
    (network, state), (expected, expected_state) = one, other
    assert state.history == expected_state.history
    assert all(torch.equal(a, b) for a, b in zip(state.scores, expected_state.scores, strict=True))
    weights = expected.state_dict()
    assert all(torch.equal(value, weights[key]) for key, value in network.state_dict().items())


@pytest.mark.parametrize("mechanism", ["none", "ppcr", "l1"])
@pytest.mark.parametrize("keys", [{}, {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}])
def test_replayed_steps_train_as_eager_ones_do(mechanism, keys):
    backend = RepeatingBackend()
    graphs = GraphCache(backend)
    assert_same(trained(mechanism, graphs=graphs, **keys), trained(mechanism, **keys))
    assert backend.captured == 1 and graphs.record() == {"steps": "replayed"}
    # 3 epochs of 5 whole batches and a small one: three are eager, one verifies the graph, the others replay it.
    assert backend.replayed == 15 - 3 and backend.eager == 3 + 2 + 3


def test_the_frozen_pixel_cnn_gets_another_graph(monkeypatch):
    monkeypatch.setitem(test_block_attention.OPTIONS, "gsa", {"channels": 4, "cutoff_epoch": 1})
    backend = RepeatingBackend()
    assert_same(trained("gsa", graphs=GraphCache(backend)), trained("gsa"))
    assert backend.captured == 2


def test_the_next_run_of_a_cell_reuses_the_graph_and_keeps_its_own_weights(monkeypatch):
    backend = RepeatingBackend()
    graphs = GraphCache(backend)
    for seed in (0, 1, 2):
        assert_same(trained("se", seed, graphs), trained("se", seed))
    assert backend.captured == 1
    trained("se", 0, graphs, learning_rate=0.01)
    assert backend.captured == 2, "another recipe is another computation"
    for seed in (0, 1):  # attention on the input is made from its run's images
        assert_same(trained("l1", seed, graphs), trained("l1", seed))
    assert backend.captured == 4


@pytest.mark.parametrize("optimizer", [{}, {"optimizer": "sgd", "momentum": 0.9}])
def test_a_resumed_run_brings_its_optimizer_state_into_a_reused_graph(optimizer):
    kept = []
    whole = trained("none", 1, after=lambda state: kept.append(copy.deepcopy(state)), **optimizer)
    graphs = GraphCache(RepeatingBackend())
    trained("none", 0, graphs, **optimizer)
    assert_same(trained("none", 1, graphs, state=kept[0], **optimizer), whole)


class Wrong(RepeatingBackend):
    """Replays something other than the captured step."""

    def __init__(self, change) -> None:
        super().__init__()
        self.change = change

    def capture(self, work):
        return lambda: self.change(work)


def _twice(work):
    work()
    work()


def _slightly_off(work):
    """One bit of the sums: what a norm over all parameters would not show."""
    work()
    sums = work.__closure__[0].cell_contents.step.sums
    sums[0] = torch.nextafter(sums[0], sums[0] + 1)


@pytest.mark.parametrize("change", [lambda work: None, _twice, _slightly_off], ids=["nothing", "twice", "one-bit"])
def test_a_graph_that_differs_from_the_eager_step_is_discarded(change):
    graphs = GraphCache(Wrong(change))
    assert_same(trained(graphs=graphs), trained())
    assert graphs.record() == {"steps": "launched: a replayed step differs from the eager one"}


def test_a_step_that_can_t_be_captured_runs_eagerly():
    class Refusing(RepeatingBackend):
        def capture(self, work):
            raise RuntimeError("operation not permitted\nwhen stream is capturing")

    graphs = GraphCache(Refusing())
    assert_same(trained(graphs=graphs), trained())
    expected = "launched: the step can't be captured: operation not permitted when stream is capturing"
    assert graphs.record() == {"steps": expected}


class Noisy(RepeatingBackend):
    """Every step ends with noise in one bias, as on a GPU without a deterministic form of an operation."""

    def __init__(self, of_replay: float) -> None:
        super().__init__()
        self.of_replay = of_replay

    def _disturb(self, by: float) -> None:
        with torch.no_grad():
            bias = next(value for name, value in self.networks[-1].named_parameters() if name.endswith("bias"))
            bias.add_(by * torch.randn(bias.shape, generator=torch.Generator().manual_seed(self.eager + self.replayed)))

    def run_eagerly(self, work):
        super().run_eagerly(work)
        self._disturb(1e-3)

    def capture(self, work):
        replay = super().capture(work)

        def noisy():
            replay()
            self._disturb(self.of_replay)

        return noisy


@pytest.mark.parametrize(
    ("of_replay", "steps"), [(1e-3, "replayed"), (0.1, "launched: a replayed step differs from the eager one")]
)
def test_a_tensor_may_differ_as_much_as_it_does_between_two_eager_steps(of_replay, steps):
    graphs = GraphCache(Noisy(of_replay))
    trained(graphs=graphs)
    assert graphs.record() == {"steps": steps}


@pytest.mark.parametrize("at", ["capture", "first eager step", "replay"])
def test_without_memory_for_the_proof_steps_are_eager(at, monkeypatch):
    class Full(RepeatingBackend):
        def __init__(self) -> None:
            super().__init__()
            self.verifying = False

        def capture(self, work):
            if at == "capture":
                raise torch.OutOfMemoryError("CUDA out of memory")
            self.verifying = True

            def replay():
                work()
                raise torch.OutOfMemoryError("CUDA out of memory")

            return replay

        def run_eagerly(self, work):
            super().run_eagerly(work)
            if self.verifying and at == "first eager step":
                self.verifying = False
                raise torch.OutOfMemoryError("CUDA out of memory")

    graphs = GraphCache(Full())
    assert_same(trained(graphs=graphs), trained())
    why = (
        "the step can't be captured: CUDA out of memory" if at == "capture" else "no memory is left to verify the graph"
    )
    assert graphs.record() == {"steps": f"launched: {why}"}


def test_without_a_backend_steps_are_eager():
    graphs = GraphCache(None)
    assert isinstance(graphs.step("key", Step.__new__(Step)), Step)
    assert graphs.record() == {}


class NoWaiting(TorchDispatchMode):
    """Fails on operations that make the host wait for a device: fetched values, and shapes that depend on values."""

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
