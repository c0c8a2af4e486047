"""Check of a user's mechanisms before training: what they return has the right shape and type.

A wrong shape can go unnoticed until a later layer fails, or for good where the network pools over positions. The check
calls the mechanism once at each of its sizes on the CPU, and its errors name file and line of the user's code.
"""

import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import torch
from torch import Tensor

from medattn.attention.mechanism import BlockAttention, InputAttention, mechanism_class
from medattn.backbones.build import create_network
from medattn.backbones.placement import output_shapes
from medattn.backbones.stem import use_small_stem
from medattn.config.arms import arm_settings, grid_points
from medattn.config.mechanisms import mechanism_file, own_mechanism
from medattn.config.models.paper import Arm, Backbone
from medattn.config.networks.architectures import insertion_paths
from medattn.errors import Skipped, UserError
from medattn.plan.model import CellSettings

_BATCH = 2
_CHANNELS = 3

Shape = tuple[int | None, ...]
"""Sizes of a tensor; None for any size."""


def check_own_mechanism(settings: CellSettings, image: tuple[int, int]) -> None:
    """Check the mechanism of a cell if it is a user's, `module:Class`.

    Args:
        settings: settings of the cell.
        image: (H, W) of its images.

    Raises:
        UserError: the mechanism fails or returns something else than it has to; names file and line.
    """
    name, backbone = settings.mechanism, settings.backbone
    if name is None or backbone is None or own_mechanism(name) is None:
        return
    found, file = mechanism_class(name), mechanism_file(name)
    first = next(iter(grid_points({key: v for key, v in settings.arm.grid.items() if key.startswith("options.")})))
    options = arm_settings(settings.arm, settings.recipe, first, name)[1]
    with torch.random.fork_rng(devices=[]):
        if issubclass(found, InputAttention):
            _check_input(found, file, options, image)
            return
        for path, channels, size in _places(backbone, settings.arm, image):
            _check_block(found, file, {**options, **settings.arm.placement.options_at.get(path, {})}, channels, size)


def _places(backbone: Backbone, arm: Arm, image: tuple[int, int]) -> Iterator[tuple[str, int, tuple[int, int]]]:
    """Yield path, width and (H, W) of the insertion points; none where training will say that it can't be placed."""
    try:
        with torch.device("meta"):
            network = create_network(backbone.model, _BATCH, backbone.options, image)
        if backbone.stem == "small":
            use_small_stem(network, backbone.model)
        paths = insertion_paths(backbone.model, arm.placement)
        shapes = output_shapes(network, backbone.model, paths, image)
    except (Skipped, ValueError):
        return
    seen = set()
    for path, (channels, height, width) in shapes.items():
        key = (channels, height, width, str(arm.placement.options_at.get(path)))
        if key not in seen:
            seen.add(key)
            yield path, channels, (height, width)


def _check_block(
    found: type[BlockAttention], file: Path, options: dict[str, Any], channels: int, size: tuple[int, int]
) -> None:
    features = torch.randn(_BATCH, channels, *size)
    given = f"for features of {_words(features.shape)}"
    call = _Call(file, given)
    module = call(lambda: found(channels, size, **options), found.__init__)
    call.expect(lambda: module(features), found.forward, tuple(features.shape))
    call.expect(lambda: module.weight_map(features), found.weight_map, (_BATCH, None, None), optional=True)


def _check_input(found: type[InputAttention], file: Path, options: dict[str, Any], image: tuple[int, int]) -> None:
    images = torch.randn(_BATCH, _CHANNELS, *image)
    call = _Call(file, f"for images of {_words(images.shape)}")
    module = call(lambda: found(**options), found.__init__)
    call(lambda: module.prepare(images), found.prepare)
    call(lambda: module.begin_epoch(1), found.begin_epoch)
    call.expect(module.weights, found.weights, (1, 1, *image))
    call.expect(lambda: module(images), found.forward, tuple(images.shape))


class _Call:
    """Calls of a user's methods on given tensors."""

    def __init__(self, file: Path, given: str) -> None:
        self._file, self._given = file, given
        self._line = 0

    def __call__(self, run: Callable[[], Any], method: Callable[..., Any]) -> Any:
        """Return what `run`, which calls `method`, returns.

        Raises:
            UserError: it failed; names the last line of the user's file.
        """
        code = getattr(inspect.unwrap(method), "__code__", None)
        self._line = 0 if code is None else code.co_firstlineno
        try:
            with _Returns(code) as returns:
                result = run()
        except Exception as error:
            lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if Path(f.filename) == self._file]
            place = f"{self._file}:{lines[-1] if lines and lines[-1] else self._line}"
            words = f"{type(error).__name__}: {error}"
            raise UserError(f"{place}: {method.__qualname__} failed {self._given}: {words}") from error
        self._line = returns.line or self._line
        return result

    def expect(
        self, run: Callable[[], Any], method: Callable[..., Any], shape: Shape, *, optional: bool = False
    ) -> None:
        """Check the shape and type of what `run`, which calls `method`, returns.

        Raises:
            UserError: it is another one; names the line that returned it.
        """
        result = self(run, method)
        if result is None and optional:
            return
        wanted = " x ".join("any" if side is None else str(side) for side in shape) + " of float32"
        if isinstance(result, Tensor):
            fits = len(result.shape) == len(shape) and all(
                side in (None, own) for side, own in zip(shape, result.shape, strict=True)
            )
            if fits and result.dtype == torch.float32:
                return
            got = f"{_words(result.shape)} of {str(result.dtype).removeprefix('torch.')}"
        else:
            got = f"a {type(result).__name__}" if result is not None else "nothing"
        raise UserError(
            f"{self._file}:{self._line}: {method.__qualname__} returned {got} {self._given}; it must return {wanted}"
        )


class _Returns:
    """Context that notes the line at which a function last returned."""

    def __init__(self, code: CodeType | None) -> None:
        self.line = 0
        self._code = code

    def __enter__(self) -> "_Returns":
        self._before = sys.getprofile()
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(self._before)

    def _note(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "return" and frame.f_code is self._code:
            self.line = frame.f_lineno


def _words(shape: torch.Size) -> str:
    return " x ".join(map(str, shape))
