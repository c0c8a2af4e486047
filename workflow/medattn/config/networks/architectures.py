"""The architectures of known networks: stages and blocks, with names, widths and resolutions.

Planning has to know whether a mechanism fits into a network without importing torch. A test compares each entry with
the real network.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from medattn.config.models.placement import Placement


@dataclass(frozen=True)
class Window:
    """Change of a feature map's height or width by a convolution or pooling."""

    kernel: int
    stride: int
    padding: int = 0
    ceil: bool = False

    def side(self, side: int) -> int:
        """Return the height or width of the output for that of the input; 0 without output."""
        span = side + 2 * self.padding - self.kernel
        if span < 0:
            return 0
        if not self.ceil:
            return span // self.stride + 1
        out = -(-span // self.stride) + 1
        # As in torch: the last window must start inside the map or its left padding.
        return out - 1 if (out - 1) * self.stride >= side + self.padding else out


@dataclass(frozen=True)
class NetworkStage:
    """The blocks of one resolution.

    Attributes:
        blocks: paths of the blocks' modules.
        widths: output channels of each block.
        entry: reductions of the resolution between the previous stage, or the stem, and the outputs of the blocks.
        last_normalization: name of the normalization before the addition in a residual block; None without addition.
    """

    blocks: tuple[str, ...]
    widths: tuple[int, ...]
    entry: tuple[Window, ...] = ()
    last_normalization: str | None = None


@dataclass(frozen=True)
class Architecture:
    """Stages of a network, for the placement of mechanisms.

    Attributes:
        stem: reductions of the first layers; `stem: small` has none.
        stages: stages from the input to the output.
    """

    stem: tuple[Window, ...]
    stages: tuple[NetworkStage, ...]


@dataclass(frozen=True)
class InsertionPoint:
    """Insertion point of a mechanism: after the module at `path`, whose output has these channels and this (H, W)."""

    path: str
    channels: int
    size: tuple[int, int]


def architecture_of(model: str) -> Architecture | None:
    """Return the architecture of `torchvision/<name>` or `timm/<name>`, or None for an unknown network."""
    library, _, name = model.partition("/")
    makers = _ARCHITECTURES if library in ("torchvision", "timm") else {}
    # timm's names may end in the weights: resnet50.a1_in1k.
    maker = makers.get(name.partition(".")[0] if library == "timm" else name)
    return maker() if maker else None


def insertion_paths(model: str, placement: Placement) -> list[str]:
    """Return the modules of `model` after which a mechanism is inserted.

    Raises:
        ValueError: the network is unknown, or a stage does not exist.
    """
    if placement.after is not None:
        return list(placement.after)
    return [
        _path(block, stage, placement)
        for stage in _chosen(model, _known(model), placement)
        for block in _blocks(stage, placement)
    ]


def insertion_points(
    model: str, small_stem: bool, placement: Placement, image: tuple[int, int]
) -> list[InsertionPoint]:
    """Return the insertion points of a mechanism in `model` for images of this (H, W).

    Modules of `placement.after` that are no blocks of a known network are left out: their sizes are unknown.

    Raises:
        ValueError: the network is unknown, a stage does not exist, or the images are too small.
    """
    architecture, found = architecture_of(model) if placement.after else _known(model), list[InsertionPoint]()
    if architecture is None:
        return []
    size = _through(() if small_stem else architecture.stem, image)
    chosen = _chosen(model, architecture, placement)
    for stage in architecture.stages:
        size = _through(stage.entry, size)
        if min(size) < 1:
            raise ValueError(f"images of {image[0]} x {image[1]} are too small for {model}")
        if stage in chosen:
            width_of = dict(zip(stage.blocks, stage.widths, strict=True))
            found += [
                InsertionPoint(_path(block, stage, placement), width_of[block], size)
                for block in _blocks(stage, placement)
            ]
    return found


def _known(model: str) -> Architecture:
    architecture = architecture_of(model)
    if architecture is None:
        raise ValueError(f"the blocks of {model} are unknown; name the modules with placement.after")
    return architecture


def _chosen(model: str, architecture: Architecture, placement: Placement) -> list[NetworkStage]:
    numbers = placement.stages or range(1, len(architecture.stages) + 1)
    if max(numbers) > len(architecture.stages):
        raise ValueError(f"{model} has {len(architecture.stages)} stages, and no stage {max(numbers)}")
    return [stage for number, stage in enumerate(architecture.stages, start=1) if number in numbers]


def _path(block: str, stage: NetworkStage, placement: Placement) -> str:
    inside = placement.after is None and placement.position == "before_addition"
    return f"{block}.{stage.last_normalization}" if inside and stage.last_normalization else block


def _blocks(stage: NetworkStage, placement: Placement) -> tuple[str, ...]:
    if placement.after is not None:
        return tuple(block for block in stage.blocks if block in placement.after)
    return stage.blocks if placement.where == "every_block" else stage.blocks[-1:]


def _through(windows: tuple[Window, ...], size: tuple[int, int]) -> tuple[int, int]:
    height, width = size
    for window in windows:
        height, width = window.side(height), window.side(width)
    return height, width


def _resnet(
    blocks: tuple[int, ...],
    widths: tuple[int, ...],
    last_normalizations: tuple[str, ...],
    stem: tuple[Window, ...] = (Window(7, 2, 3), Window(3, 2, 1)),
) -> Architecture:
    stages = tuple(
        NetworkStage(
            tuple(f"layer{number}.{block}" for block in range(count)),
            (width,) * count,
            (Window(3, 2, 1),) if number > 1 else (),
            last,
        )
        for number, (count, width, last) in enumerate(zip(blocks, widths, last_normalizations, strict=True), start=1)
    )
    return Architecture(stem, stages)


def _basic(*blocks: int) -> Architecture:
    return _resnet(blocks, (64, 128, 256, 512), ("bn2",) * 4)


def _bottleneck(*blocks: int) -> Architecture:
    return _resnet(blocks, (256, 512, 1024, 2048), ("bn3",) * 4)


def _vgg(convolutions: tuple[int, ...], normalized: bool) -> Architecture:
    stages, position = [], -1
    for number, (count, width) in enumerate(zip(convolutions, (64, 128, 256, 512, 512), strict=True)):
        position += count * (3 if normalized else 2)
        stages.append(NetworkStage((f"features.{position}",), (width,), (Window(2, 2),) if number else ()))
        position += 1  # the pool
    return Architecture((), tuple(stages))


def _densenet(growth: int, start: int, layers: tuple[int, ...]) -> Architecture:
    stages, width = [], start
    for number, count in enumerate(layers, start=1):
        width += growth * count
        stages.append(NetworkStage((f"features.denseblock{number}",), (width,), (Window(2, 2),) if number > 1 else ()))
        width //= 2  # the transition
    return Architecture((Window(7, 2, 3), Window(3, 2, 1)), tuple(stages))


def _googlenet() -> Architecture:
    pool = Window(3, 2, ceil=True)
    return Architecture(
        (Window(7, 2, 3), pool),
        (
            NetworkStage(("inception3a", "inception3b"), (256, 480), (pool,)),
            NetworkStage(tuple(f"inception4{letter}" for letter in "abcde"), (512, 512, 512, 528, 832), (pool,)),
            NetworkStage(("inception5a", "inception5b"), (832, 1024), (Window(2, 2, ceil=True),)),
        ),
    )


def _inception_v3() -> Architecture:
    halved = Window(3, 2)
    return Architecture(
        (halved, Window(3, 1), halved, Window(3, 1), halved),
        (
            NetworkStage(("Mixed_5b", "Mixed_5c", "Mixed_5d"), (256, 288, 288)),
            NetworkStage(tuple(f"Mixed_6{letter}" for letter in "bcde"), (768,) * 4, (halved,)),
            NetworkStage(("Mixed_7b", "Mixed_7c"), (2048,) * 2, (halved,)),
        ),
    )


def _inception_v4() -> Architecture:
    halved = Window(3, 2)

    def stage(blocks: range, width: int, entry: tuple[Window, ...] = ()) -> NetworkStage:
        return NetworkStage(tuple(f"features.{block}" for block in blocks), (width,) * len(blocks), entry)

    return Architecture(
        (halved, Window(3, 1), halved, Window(3, 1), halved),
        (stage(range(6, 10), 384), stage(range(11, 18), 1024, (halved,)), stage(range(19, 22), 1536, (halved,))),
    )


_VGG = {"vgg11": (1, 1, 2, 2, 2), "vgg13": (2, 2, 2, 2, 2), "vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
_ARCHITECTURES: dict[str, Callable[[], Architecture]] = {
    "resnet18": partial(_basic, 2, 2, 2, 2),
    "resnet34": partial(_basic, 3, 4, 6, 3),
    "resnet50": partial(_bottleneck, 3, 4, 6, 3),
    "resnet101": partial(_bottleneck, 3, 4, 23, 3),
    "resnet152": partial(_bottleneck, 3, 8, 36, 3),
    "resnext50_32x4d": partial(_bottleneck, 3, 4, 6, 3),
    "resnext101_32x8d": partial(_bottleneck, 3, 4, 23, 3),
    "wide_resnet50_2": partial(_bottleneck, 3, 4, 6, 3),
    "wide_resnet101_2": partial(_bottleneck, 3, 4, 23, 3),
    "test_resnet": partial(
        _resnet,
        (1, 1, 1, 1),
        (32, 48, 192, 96),
        ("bn2", "bn2", "bn3", "bn2"),
        (Window(3, 2, 1), Window(3, 2, 1)),
    ),
    **{name: partial(_vgg, counts, normalized=False) for name, counts in _VGG.items()},
    **{f"{name}_bn": partial(_vgg, counts, normalized=True) for name, counts in _VGG.items()},
    "densenet121": partial(_densenet, 32, 64, (6, 12, 24, 16)),
    "densenet161": partial(_densenet, 48, 96, (6, 12, 36, 24)),
    "densenet169": partial(_densenet, 32, 64, (6, 12, 32, 32)),
    "densenet201": partial(_densenet, 32, 64, (6, 12, 48, 32)),
    "googlenet": _googlenet,
    "inception_v3": _inception_v3,
    "inception_v4": _inception_v4,
}
