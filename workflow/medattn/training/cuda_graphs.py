"""Training steps as CUDA graphs: captured once, then replayed with one launch instead of hundreds.

Kernels for images of 28 pixels take less time than their launches. A graph holds the kernels of a whole step and the
addresses that they read and write. Batches are therefore copied to fixed tensors, and the next run of a cell puts its
weights where those of the run before were. Each graph is verified against two eager steps and discarded where it
differs: the first batch of every run is trained on by all three, from the same state.
"""

import logging
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor

from medattn.training.step import Step

log = logging.getLogger(__name__)

_WARM_UP_STEPS = 3
"""Eager steps before the capture, in which the optimizer creates its state and libraries select their algorithms."""
_TOLERANCE = 1e-3
"""Largest accepted difference of a tensor between a replayed and an eager step, as a share of the step, where two eager
steps differ, too. CUDA has no deterministic form of some backward passes."""
_NOISE = 8.0
"""Largest accepted difference of a tensor between a replayed and an eager step, in differences of two eager steps. A
bias before batch normalization has a gradient of rounding errors only, of which Adam makes whole steps."""

Work = Callable[[], None]


class GraphBackend(Protocol):
    """Device-specific capture of graphs."""

    def run_eagerly(self, work: Work) -> None:
        """Run `work` now, on the stream that graphs are captured on."""

    def capture(self, work: Work) -> Work:
        """Return the replay of `work`, without running it.

        Random generators and memory stay usable if it fails.

        Raises:
            RuntimeError: `work` can't be captured.
        """


class CudaGraphBackend:
    """Capture of CUDA graphs on a side stream, on which eager steps run, too."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def run_eagerly(self, work: Work) -> None:
        """Run `work` after what was queued on the current stream before, and before what is queued later."""
        current = torch.cuda.current_stream()
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            work()
        current.wait_stream(self._stream)

    def capture(self, work: Work) -> Work:
        """Return the replay of the graph of `work`."""
        graph = torch.cuda.CUDAGraph()
        generator = torch.cuda.default_generators[torch.cuda.current_device()]
        before = generator.clone_state()
        try:
            # The outer context restores the current stream after a failed capture.
            with torch.cuda.stream(torch.cuda.current_stream()), torch.cuda.graph(graph, stream=self._stream):
                work()
        except RuntimeError:
            # A failed capture leaves the generator in the mode of a capture, and its stream in an error.
            generator.graphsafe_set_state(before)
            self._stream = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
            del graph
            torch.cuda.empty_cache()
            raise
        replay: Work = graph.replay
        return replay


class GraphedStep:
    """Step of a run that is replayed from a graph, once the graph is captured and verified.

    Attributes:
        step: the eager step.
        replays: whether batches are trained on by replaying the graph.
        refused: why no graph is used, or "".
    """

    def __init__(self, step: Step, backend: GraphBackend, earlier: "GraphedStep | None" = None) -> None:
        """Start with the graph of an `earlier` run of the same computation, where its memory layout fits.

        Attention on the input depends on the images of its run, so no other run reuses its graphs.
        """
        self.step = step
        self.replays = False
        self.refused = ""
        self._backend = backend
        self._phase: Hashable = None
        self._eager_steps = 0
        self._replay: Work | None = None
        self._images, self._labels = torch.empty(0), torch.empty(0)
        self._inherited = False
        is_reusable = step.network.attention is None
        if earlier is not None and earlier.replays and is_reusable and _layout(earlier.step) == _layout(step):
            self.step = _with_memory_of(step, earlier.step)
            self._phase, self._replay, self._inherited = earlier._phase, earlier._replay, True
            self._images, self._labels = earlier._images, earlier._labels

    def begin_epoch(self, phase: Hashable) -> None:
        """Prepare for an epoch; discard the graph if it belongs to another phase of the attention."""
        if phase != self._phase:
            self._discard()
        self._phase = phase

    def __call__(self, images: Tensor, labels: Tensor) -> None:
        """Train on `images` (B x C x H x W in [0, 1]) with their `labels` (B)."""
        if self._replay is None and not self.refused and self._eager_steps >= _WARM_UP_STEPS:
            self._capture(images, labels)
        if self._replay is None or images.shape != self._images.shape:
            self._run_eagerly(images, labels)
        elif self.replays:
            self._run_replay(images, labels)
        else:
            self._verify(images, labels)

    def _run_eagerly(self, images: Tensor, labels: Tensor) -> None:
        self._backend.run_eagerly(lambda: self.step(images, labels))
        if len(images) == self.step.recipe.batch_size:
            self._eager_steps += 1

    def _run_replay(self, images: Tensor, labels: Tensor) -> None:
        assert self._replay is not None
        self._images.copy_(images)
        self._labels.copy_(labels)
        self._replay()

    def _capture(self, images: Tensor, labels: Tensor) -> None:
        if len(images) != self.step.recipe.batch_size:
            return
        self._images, self._labels = images.clone(), labels.clone()
        try:
            self._replay = self._backend.capture(lambda: self.step(self._images, self._labels))
        except RuntimeError as error:
            self._refuse(f"the step can't be captured: {' '.join(str(error).split())[:200]}")

    def _verify(self, images: Tensor, labels: Tensor) -> None:
        """Compare a replayed step with two eager ones and keep the second; discard the graph where it differs."""
        before = eager = replayed = None
        try:
            before = _cloned_state(self.step)
            eager = self._tried(lambda: self._backend.run_eagerly(lambda: self.step(images, labels)), before, images)
            replayed = self._tried(lambda: self._run_replay(images, labels), before, images)
        except torch.OutOfMemoryError:
            if before is not None:
                _restore(self.step, before)
            before = eager = replayed = None
            self._refuse("no memory is left to verify the graph")
        self._run_eagerly(images, labels)
        if before is None or eager is None or replayed is None:
            return
        if _is_same_step(before, replayed, eager, _state(self.step)):
            self.replays = True
            log.debug("steps are replayed from a CUDA graph")
        elif self._inherited:
            self._discard()
        else:
            self._refuse("a replayed step differs from the eager one")

    def _tried(self, work: Work, before: Sequence[Tensor], images: Tensor) -> list[Tensor]:
        """Return the state after `work`, which leaves neither the state nor the random generators changed."""
        gpus = [images.device] if images.device.type == "cuda" else []
        with torch.random.fork_rng(devices=gpus):  # dropout draws the same every time
            work()
        after = _cloned_state(self.step)
        _restore(self.step, before)
        return after

    def _refuse(self, reason: str) -> None:
        self._discard()
        self._images, self._labels = torch.empty(0), torch.empty(0)
        self.refused = reason
        log.debug("no CUDA graph: %s", reason)
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            torch.cuda.empty_cache()

    def _discard(self) -> None:
        self._replay, self.replays, self._inherited, self._eager_steps = None, False, False, 0


class GraphCache:
    """Cache of the graphed step of a process's last run, for the next run of the same computation."""

    def __init__(self, backend: GraphBackend | None) -> None:
        """Capture graphs with `backend`; without one, all steps are eager."""
        self._backend = backend
        self._key: Hashable = None
        self._last: GraphedStep | None = None

    def step(self, key: Hashable, step: Step) -> Step | GraphedStep:
        """Return the graphed step of a run, or the eager `step` where there is no backend.

        Args:
            key: key of the computation, equal for runs that differ in weights, images and random streams only.
            step: the step of the run.
        """
        if self._backend is None:
            return step
        earlier = self._last if key == self._key else None
        self._key, self._last = key, GraphedStep(step, self._backend, earlier)
        return self._last

    def record(self) -> dict[str, str]:
        """Return the record's fact on how the last run's steps were launched; empty without a backend."""
        if self._last is None:
            return {}
        return {
            "steps": "replayed" if self._last.replays else f"launched: {self._last.refused or 'too few to capture'}"
        }


def _weights(step: Step) -> list[Tensor]:
    return [*step.network.parameters(), *step.network.buffers()]


def _optimizer_state(step: Step) -> Iterator[Tensor]:
    for group in step.optimizer.param_groups:
        for parameter in group["params"]:
            yield from (value for value in step.optimizer.state[parameter].values() if isinstance(value, Tensor))


def _state(step: Step) -> list[Tensor]:
    """Return all tensors that a step changes."""
    return [*step.network.parameters(), *step.network.buffers(), *_optimizer_state(step), step.sums]


def _cloned_state(step: Step) -> list[Tensor]:
    return [tensor.detach().clone() for tensor in _state(step)]


@torch.no_grad()
def _restore(step: Step, state: Sequence[Tensor]) -> None:
    for tensor, value in zip(_state(step), state, strict=True):
        tensor.copy_(value)


def _is_same_step(
    before: Sequence[Tensor], replayed: Sequence[Tensor], eager: Sequence[Tensor], again: Sequence[Tensor]
) -> bool:
    """Return whether a replayed step is the eager one, tensor by tensor.

    Where two eager steps give the same bits, the replayed one must, too. Where they differ, each tensor may differ by
    a small share of its step, or by several times the difference of the eager steps.
    """
    if all(torch.equal(one, other) for one, other in zip(eager, again, strict=True)):
        return all(torch.equal(one, other) for one, other in zip(replayed, eager, strict=True))
    return all(
        _distance(mine, other) <= max(_TOLERANCE * _distance(other, start), _NOISE * _distance(one, other))
        for start, mine, one, other in zip(before, replayed, eager, again, strict=True)
    )


def _distance(one: Tensor, other: Tensor) -> float:
    return float((one.detach().double() - other.detach().double()).square().sum().sqrt())


def _layout(step: Step) -> list[object]:
    """Return the memory layout of a step, which must be equal for one step to use the memory of another."""
    tensors = [(t.shape, t.stride(), t.dtype, t.device, t.requires_grad) for t in _weights(step)]
    groups = [len(group["params"]) for group in step.optimizer.param_groups]
    return [tensors, groups, step.recipe, step.normalize.mean.shape]


def _with_memory_of(step: Step, earlier: Step) -> Step:
    """Return `step`, its values moved into the tensors of the `earlier` step."""
    with torch.no_grad():
        for mine, target in zip(_weights(step), _weights(earlier), strict=True):
            target.copy_(mine)
            mine.data = target.data
        earlier.normalize.mean.copy_(step.normalize.mean)
        earlier.normalize.deviation.copy_(step.normalize.deviation)
        groups = zip(step.optimizer.param_groups, earlier.optimizer.param_groups, strict=True)
        for group, earlier_group in groups:
            group["lr"] = earlier_group["lr"]
            for mine, target in zip(group["params"], earlier_group["params"], strict=True):
                state = step.optimizer.state[mine]
                for name, value in earlier.optimizer.state[target].items():
                    state[name] = value.copy_(state[name]) if name in state else value.zero_()
    return replace(step, normalize=earlier.normalize, sums=earlier.sums)
