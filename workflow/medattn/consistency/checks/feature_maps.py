"""Can feature maps have the stated size?

Method: a layer with stride s and a kernel of k pixels makes n pixels into (n + 2p - k)/s + 1, rounded down or up, where
a window that would begin in the padding behind the map is left out. Each of the layers may have one of the given
kernels, every padding p from 0 to k/2, and either rounding; all possible sizes are listed.

Source: definitions of convolution and pooling in the common libraries; the facts name the statement.

No power: with many kernels nearly every size is possible. Layers of other kinds between them are ignored.
"""

from collections.abc import Iterator, Sequence

from medattn.config.models.facts import FeatureMapSize
from medattn.consistency.check_context import CheckContext
from medattn.consistency.check_result import CheckResult


def check(context: CheckContext) -> Iterator[CheckResult]:
    """Yield a result for each stated size."""
    for stated in context.facts.feature_maps:
        yield _result(stated, reachable(stated.size, stated.times, stated.stride, stated.kernels))


def reachable(size: int, times: int, stride: int, kernels: Sequence[int]) -> list[int]:
    """Return every possible size, ascending; none where no kernel fits into the map."""
    sizes = {size}
    for _ in range(times):
        sizes = {behind for before in sizes for kernel in kernels for behind in _behind(before, stride, kernel)}
    return sorted(sizes)


def _behind(size: int, stride: int, kernel: int) -> Iterator[int]:
    for padding in range(kernel // 2 + 1):
        room = size + 2 * padding - kernel
        if room < 0:
            continue
        yield room // stride + 1
        windows = -(-room // stride) + 1
        yield windows - 1 if (windows - 1) * stride >= size + padding else windows


def _said(sizes: list[int]) -> str:
    if not sizes:
        return "none: the kernels don't fit into the map"
    return " or ".join(map(str, sizes)) if len(sizes) < 6 else f"{len(sizes)} sizes, {sizes[0]} to {sizes[-1]}"


def _result(stated: FeatureMapSize, sizes: list[int]) -> CheckResult:
    kernels = " or ".join(map(str, stated.kernels))
    note = f"{stated.size} pixels, {stated.times} times with stride {stated.stride} and kernels of {kernels}"
    return CheckResult(
        "",
        stated.says,
        str(stated.published),
        _said(sizes),
        "consistent" if stated.published in sizes else "inconsistent",
        "; ".join(filter(None, (note, stated.source))),
        True,
    )
