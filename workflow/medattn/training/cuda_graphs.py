"""Steps that are recorded once, as CUDA graphs, and replayed: one launch in the place of hundreds.

Images of 28 pixels keep a GPU busy for less time than it takes to launch their kernels one by one. A recording holds
the kernels of a whole step with the addresses of all that they read and write, so batches are copied to where it reads,
and the weights of the next run of a cell move in where those of the run before lay. No recording is believed: the first
batch of every run is trained on by replaying and by launching, from the same state, and where the two steps differ, the
run goes on without a recording.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor

from medattn.training.step import Step

_LAUNCHED_FIRST = 3
"""Steps before the recording: in them, the optimizer makes its state and libraries choose what they work with."""
_SAME = 1e-3
"""Largest difference of two steps from the same state that counts as none, as a share of the step: some backward passes
exist on CUDA in no deterministic form, so that launching twice does not give the same bits, either."""

Work = Callable[[], None]


class Recorder(Protocol):
    """What records work on a device."""

    def launch(self, work: Work) -> None:
        """Do `work` now, where graphs are made."""

    def record(self, work: Work) -> Work:
        """Return what repeats `work`, without doing it.

        Raises:
            RuntimeError: the work can't be recorded.
        """


class CudaGraphs:
    """Records CUDA graphs on a stream of its own, on which steps that are not replayed run, too."""

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def launch(self, work: Work) -> None:
        """Do `work` between what was queued before and what is queued after."""
        here = torch.cuda.current_stream()
        self._stream.wait_stream(here)
        with torch.cuda.stream(self._stream):
            work()
        here.wait_stream(self._stream)

    def record(self, work: Work) -> Work:
        """Return the replay of the graph of `work`."""
        graph = torch.cuda.CUDAGraph()
        # Within a context of its own, since a recording that fails leaves its stream the current one.
        with torch.cuda.stream(torch.cuda.current_stream()), torch.cuda.graph(graph, stream=self._stream):
            work()
        replay: Work = graph.replay
        return replay


class GraphedStep:
    """The step of a run, replayed as soon as it is recorded and has shown that it does what the step does.

    Attributes:
        step: the step.
        replays: whether batches are trained on by replaying.
        refused: why no recording is used, or nothing.
    """

    def __init__(self, step: Step, recorder: Recorder, earlier: "GraphedStep | None" = None) -> None:
        """Begin with the recording of an `earlier` run that computed the same with other weights, if it fits.

        Attention on the input is made from the images of its run, so its graphs end with it.
        """
        self.step = step
        self.replays = False
        self.refused = ""
        self._recorder = recorder
        self._phase: Hashable = None
        self._launched = 0
        self._replay: Work | None = None
        self._images, self._labels = torch.empty(0), torch.empty(0)
        self._inherited = False
        of_weights_only = step.network.attention is None
        if earlier is not None and earlier.replays and of_weights_only and _layout(earlier.step) == _layout(step):
            self.step = _moved_in(step, earlier.step)
            self._phase, self._replay, self._inherited = earlier._phase, earlier._replay, True
            self._images, self._labels = earlier._images, earlier._labels

    def begin_epoch(self, phase: Hashable) -> None:
        """Get ready for an epoch; what was recorded in another phase of the attention is forgotten."""
        if phase != self._phase:
            self._forget()
        self._phase = phase

    def __call__(self, images: Tensor, labels: Tensor) -> None:
        """Train on `images` (B x C x H x W in [0, 1]) with their `labels` (B)."""
        if self._replay is None and not self.refused and self._launched >= _LAUNCHED_FIRST:
            self._record(images, labels)
        if self._replay is None or images.shape != self._images.shape:
            self._launch(images, labels)
        elif self.replays:
            self._repeat(images, labels)
        else:
            self._prove(images, labels)

    def _launch(self, images: Tensor, labels: Tensor) -> None:
        self._recorder.launch(lambda: self.step(images, labels))
        if len(images) == self.step.recipe.batch_size:
            self._launched += 1

    def _repeat(self, images: Tensor, labels: Tensor) -> None:
        assert self._replay is not None
        self._images.copy_(images)
        self._labels.copy_(labels)
        self._replay()

    def _record(self, images: Tensor, labels: Tensor) -> None:
        if len(images) != self.step.recipe.batch_size:
            return
        self._images, self._labels = images.clone(), labels.clone()
        try:
            self._replay = self._recorder.record(lambda: self.step(self._images, self._labels))
        except RuntimeError as error:
            self.refused = f"it can't be recorded: {' '.join(str(error).split())[:200]}"

    def _prove(self, images: Tensor, labels: Tensor) -> None:
        """Replay one step and launch the same; the second stands. Differences end the use of the recording."""
        before = _copies(self.step)
        gpus = [images.device] if images.device.type == "cuda" else []
        with torch.random.fork_rng(devices=gpus):  # dropout draws the same in both
            self._repeat(images, labels)
        replayed = _copies(self.step)
        with torch.no_grad():
            for part, old in zip(_parts(self.step), before, strict=True):
                for tensor, value in zip(part, old, strict=True):
                    tensor.copy_(value)
        self._launch(images, labels)
        launched = _copies(self.step)
        if all(_same_step(*parts) for parts in zip(before, replayed, launched, strict=True)):
            self.replays = True
        elif self._inherited:
            self._forget()
        else:
            self._forget()
            self.refused = "replayed, it does not do what the step does"

    def _forget(self) -> None:
        self._replay, self.replays, self._inherited, self._launched = None, False, False, 0


class GraphCache:
    """The recording of a process's last run, for the next run that computes the same with other weights."""

    def __init__(self, recorder: Recorder | None) -> None:
        """Record with `recorder`; without one, steps stay as they are."""
        self._recorder = recorder
        self._key: Hashable = None
        self._last: GraphedStep | None = None

    def of(self, key: Hashable, step: Step) -> Step | GraphedStep:
        """Return what trains a run.

        Args:
            key: the same for runs that differ in nothing but weights, images and random streams.
            step: the step of the run.
        """
        if self._recorder is None:
            return step
        earlier = self._last if key == self._key else None
        self._key, self._last = key, GraphedStep(step, self._recorder, earlier)
        return self._last

    def record(self) -> dict[str, str]:
        """Return what a record says of how the steps of the last run came to the device; nothing without recorder."""
        if self._last is None:
            return {}
        return {"steps": "replayed" if self._last.replays else f"launched: {self._last.refused or 'too few to record'}"}


def _weights(step: Step) -> list[Tensor]:
    return [*step.network.parameters(), *step.network.buffers()]


def _optimizer_state(step: Step) -> Iterator[Tensor]:
    for group in step.optimizer.param_groups:
        for parameter in group["params"]:
            yield from (value for value in step.optimizer.state[parameter].values() if isinstance(value, Tensor))


def _parts(step: Step) -> list[list[Tensor]]:
    """Return all that a step changes, in parts of like scale."""
    buffers = list(step.network.buffers())
    return [list(step.network.parameters()), buffers, list(_optimizer_state(step)), [step.sums]]


def _copies(step: Step) -> list[list[Tensor]]:
    return [[tensor.detach().clone() for tensor in part] for part in _parts(step)]


def _same_step(before: Sequence[Tensor], replayed: Sequence[Tensor], launched: Sequence[Tensor]) -> bool:
    step = _distance(launched, before)
    return _distance(replayed, launched) <= _SAME * step and bool(torch.isfinite(torch.tensor(step)))


def _distance(one: Sequence[Tensor], other: Sequence[Tensor]) -> float:
    squares = [(a.double() - b.double()).square().sum() for a, b in zip(one, other, strict=True)]
    return float(torch.stack(squares).sum().sqrt()) if squares else 0.0


def _layout(step: Step) -> list[object]:
    """Return what must be equal where the weights of one step are to lie where those of another lay."""
    tensors = [(t.shape, t.stride(), t.dtype, t.device, t.requires_grad) for t in _weights(step)]
    groups = [len(group["params"]) for group in step.optimizer.param_groups]
    return [tensors, groups, step.recipe, step.normalize.mean.shape]


def _moved_in(step: Step, earlier: Step) -> Step:
    """Return `step` with all that it changes lying where that of the `earlier` step lay, its values kept."""
    with torch.no_grad():
        for mine, place in zip(_weights(step), _weights(earlier), strict=True):
            place.copy_(mine)
            mine.data = place.data
        earlier.normalize.mean.copy_(step.normalize.mean)
        earlier.normalize.deviation.copy_(step.normalize.deviation)
        groups = zip(step.optimizer.param_groups, earlier.optimizer.param_groups, strict=True)
        for group, earlier_group in groups:
            group["lr"] = earlier_group["lr"]
            for mine, place in zip(group["params"], earlier_group["params"], strict=True):
                state = step.optimizer.state[mine]
                for name, value in earlier.optimizer.state[place].items():
                    state[name] = value.copy_(state[name]) if name in state else value.zero_()
    return replace(step, normalize=earlier.normalize, sums=earlier.sums)
