"""Counting rules: the operations of one forward pass that each rule counts, and those that it leaves out.

Papers publish "GFLOPs" without saying what was counted, and tools disagree. The rules here have names, so the rule
that reproduces a published value can be named. Every rule counts multiply-accumulates, or operations that it treats as
one; no rule counts floating-point operations.

`macs`: every convolution and matrix product, by torch.utils.flop_counter, halved: conv + linear + matmul, in
modules and in functions. It leaves out biases, normalization, activations, pooling, softmax and elementwise products.
Use this rule to compare networks.

`C1`: the rule of the profiler thop from version 0.0.31 to 0.0.5 (May 2020 to October 2021), which inspects module
objects. It counts

    convolution          output elements x (input channels / groups x kernel area, + 1 with a bias)
    linear               output elements x input features, without its bias
    batch normalization  2 per element
    average pooling      1 per output element
    adaptive average pooling to h x w from H x W    (floor(H/h) floor(W/w) + 1) per output element

and nothing else: no matrix products of attention, F.relu, F.interpolate, layer normalization, activations, elementwise
products, or parameters that another module holds directly. It counts the parameters of the module classes that it
knows (`OperationCounts.c1_parameters`).

`C2`: C1, and one per element for the last call of each nn.ReLU object, like a tool that stores one count per module. In
torchvision's ResNets, all activations of a block share one object.

`C3`: C2 without the adaptive average pools.

C2 and C3 were derived from the values in PPCR's tables that C1 does not reproduce. No known tool uses them.

One rule is wider than in the tools: a mean over height, width or both of a B x C x H x W tensor counts as an adaptive
average pool. Public implementations write the same module both ways, and the count must not depend on it.
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
"""The counting rules other than `macs`, in the order in which they are compared with a published value."""

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_NORMALIZATIONS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_POOLS = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
_MAPS = 4  # dimensions of B x C x H x W


@dataclass
class OperationCounts:
    """Operations of a forward pass, as the counting rules see them.

    Attributes:
        macs: multiply-accumulates of convolutions and matrix products.
        modules: operations that C1 counts in convolutions, linear layers, batch normalization and average pooling.
        adaptive_pools: operations that C1 counts in adaptive average pools and spatial means.
        relus: elements of the last call of each nn.ReLU object, by the object's id.
        c1_parameters: parameters of the modules that C1 knows.
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
def counting(network: nn.Module) -> Iterator[OperationCounts]:
    """Count every forward pass of `network` within the context; the counts are complete when the context ends."""
    counts = OperationCounts()
    handles = _watch(network, counts)
    flops = FlopCounterMode(display=False)
    try:
        with flops, _SpatialMeans(counts):
            yield counts
    finally:
        for handle in handles:
            handle.remove()
    counts.macs = flops.get_total_flops() // 2


def _watch(network: nn.Module, counts: OperationCounts) -> list[RemovableHandle]:
    """Hook the modules that C1 and C2 know. Like the tools, compare exact classes, not subclasses."""
    handles = []
    for module in network.modules():
        kind = type(module)
        if kind in (*_CONVOLUTIONS, nn.Linear, *_NORMALIZATIONS):
            counts.c1_parameters += sum(p.numel() for p in module.parameters(recurse=False))
        if kind in (*_CONVOLUTIONS, nn.Linear, *_NORMALIZATIONS, *_POOLS):
            handles.append(module.register_forward_hook(_ModuleHook(counts)))
        elif kind is nn.ReLU:
            handles.append(module.register_forward_hook(_ReluHook(counts)))
    return handles


class _ModuleHook:
    """Forward hook that adds the operations that C1 counts in one call of a module."""

    def __init__(self, counts: OperationCounts) -> None:
        self._counts = counts

    def __call__(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        self._counts.modules += _operations(module, inputs[0], output)


def _operations(module: nn.Module, images: Tensor, output: Tensor) -> int:
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        per_output = module.weight[0].numel() + (module.bias is not None)
        return output.numel() * per_output
    if isinstance(module, nn.Linear):
        return output.numel() * module.in_features
    if isinstance(module, _NORMALIZATIONS):
        return 2 * images.numel()
    return output.numel()


class _ReluHook:
    """Forward hook that stores the number of elements of the last call of an nn.ReLU object."""

    def __init__(self, counts: OperationCounts) -> None:
        self._counts = counts

    def __call__(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        self._counts.relus[id(module)] = output.numel()


class _SpatialMeans(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counter of adaptive average pools and means over height or width by their operators."""

    def __init__(self, counts: OperationCounts) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._counts = counts

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func is torch.ops.aten._adaptive_avg_pool2d.default:
            images, output = args[0], result
            height, width = (
                before // after for before, after in zip(images.shape[-2:], output.shape[-2:], strict=True)
            )
            self._counts.adaptive_pools += output.numel() * (height * width + 1)
        elif func is torch.ops.aten.mean.dim and args[0].dim() == _MAPS:
            over = {d % _MAPS for d in args[1]}
            if over and over <= {2, 3}:
                averaged = args[0].numel() // max(1, result.numel())
                self._counts.adaptive_pools += result.numel() * (averaged + 1)
        return result
