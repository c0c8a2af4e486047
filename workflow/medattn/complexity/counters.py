"""Counting rules: what each of them sees of one forward pass, and what it leaves out.

Papers print "GFLOPs" without saying what was counted, and tools disagree. The rules here have names, so that a
published value can be told from the rule that gives it. All count multiply-accumulates or what they take for one; the
unit of none is the floating-point operation.

`macs`: every convolution and matrix product, by torch.utils.flop_counter, halved: conv + linear + matmul, wherever
they are written. It leaves out biases, normalization, activations, pooling, softmax and elementwise products. This
is the number that a comparison of networks should use.

`C1`: the rule of the profiler thop from version 0.0.31 to 0.0.5 (May 2020 to October 2021), which looks at module
objects. It sees

    convolution          output elements x (input channels / groups x kernel area, + 1 with a bias)
    linear               output elements x input features, without its bias
    batch normalization  2 per element
    average pooling      1 per output element
    adaptive average pooling to h x w from H x W    (floor(H/h) floor(W/w) + 1) per output element

and nothing else: not the matrix products of attention, not F.relu or F.interpolate, no layer normalization, no
activation, no elementwise product, no parameter that a module holds directly. Parameters count only where they belong
to a module that it knows (`Tally.c1_parameters`).

`C2`: C1 and one per element for each nn.ReLU object, once per object: its last call, as a tool does that keeps a
module's latest count. In torchvision's ResNets the positions of a block share one object.

`C3`: C2 without the adaptive average pools.

C2 and C3 were found by asking which rule gives the digits of PPCR's tables that C1 misses; no tool is known that
works by them.

One thing is taken more widely than by the tools: a mean over height, width or both of a B x C x H x W tensor is an
adaptive average pool, however it is written. Public implementations write the same module both ways, and a count
that changes with the spelling would compare nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode
from torch.utils.hooks import RemovableHandle

RULES = ("C1", "C2", "C3")
"""The counting rules beside `macs`, in the order in which a published value is tried."""

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_NORMALIZATIONS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_POOLS = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
_MAPS = 4  # dimensions of B x C x H x W


@dataclass
class Tally:
    """What the counting rules have seen of a forward pass.

    Attributes:
        macs: multiply-accumulates of convolutions and matrix products.
        modules: what C1 counts at module objects: convolution, linear, batch normalization, average pooling.
        adaptive_pools: what C1 counts at adaptive average pools and spatial means.
        relus: elements of the last call of each nn.ReLU object, by the object's id.
        c1_parameters: parameters of the module objects that C1 knows.
    """

    macs: int = 0
    modules: int = 0
    adaptive_pools: int = 0
    relus: dict[int, int] = field(default_factory=dict)
    c1_parameters: int = 0

    def count(self, rule: str) -> int:
        """Return the count by a rule of `RULES`, or by `macs`."""
        c1 = self.modules + self.adaptive_pools
        c2 = c1 + sum(self.relus.values())
        return {"macs": self.macs, "C1": c1, "C2": c2, "C3": c2 - self.adaptive_pools}[rule]


@contextmanager
def counting(network: nn.Module) -> Iterator[Tally]:
    """Count every forward pass of `network` within the context; the tally is complete when the context ends."""
    tally = Tally()
    handles = _watch(network, tally)
    flops = FlopCounterMode(display=False)
    try:
        with flops, _SpatialMeans(tally):
            yield tally
    finally:
        for handle in handles:
            handle.remove()
    tally.macs = flops.get_total_flops() // 2


def _watch(network: nn.Module, tally: Tally) -> list[RemovableHandle]:
    """Hook the modules that C1 and C2 know: of exactly these classes, as the tools look them up."""
    handles = []
    for module in network.modules():
        kind = type(module)
        if kind in (*_CONVOLUTIONS, nn.Linear, *_NORMALIZATIONS):
            tally.c1_parameters += sum(p.numel() for p in module.parameters(recurse=False))
        if kind in (*_CONVOLUTIONS, nn.Linear, *_NORMALIZATIONS, *_POOLS):
            handles.append(module.register_forward_hook(_Counted(tally)))
        elif kind is nn.ReLU:
            handles.append(module.register_forward_hook(_Activated(tally)))
    return handles


class _Counted:
    """Adds what C1 counts at one call of a module."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def __call__(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        self._tally.modules += _at_module(module, inputs[0], output)


def _at_module(module: nn.Module, images: Tensor, output: Tensor) -> int:
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        per_output = module.weight[0].numel() + (module.bias is not None)
        return output.numel() * per_output
    if isinstance(module, nn.Linear):
        return output.numel() * module.in_features
    if isinstance(module, _NORMALIZATIONS):
        return 2 * images.numel()
    return output.numel()


class _Activated:
    """Keeps the elements of the last call of an nn.ReLU object."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def __call__(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        self._tally.relus[id(module)] = output.numel()


class _SpatialMeans(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts adaptive average pools and means over height or width, which are the same, at their operations."""

    def __init__(self, tally: Tally) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._tally = tally

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func is torch.ops.aten._adaptive_avg_pool2d.default:
            images, output = args[0], result
            height, width = (
                before // after for before, after in zip(images.shape[-2:], output.shape[-2:], strict=True)
            )
            self._tally.adaptive_pools += output.numel() * (height * width + 1)
        elif func is torch.ops.aten.mean.dim and args[0].dim() == _MAPS:
            over = {d % _MAPS for d in args[1]}
            if over and over <= {2, 3}:
                averaged = args[0].numel() // max(1, result.numel())
                self._tally.adaptive_pools += result.numel() * (averaged + 1)
        return result
