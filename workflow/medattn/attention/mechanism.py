"""Base classes of the mechanisms, and their registry by name."""

import sys
from collections.abc import Callable, Hashable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from torch import Tensor, nn

from medattn.config.mechanisms import mechanism_file, mechanism_names, own_mechanism
from medattn.errors import Skipped, UserError
from medattn.suggestions import unknown_name


class InputAttention(nn.Module):
    """Attention on the input images: one weight per pixel, equal for all images of a data set.

    Order of calls: the constructor takes the hyper-parameters; `prepare` creates the parameters from the training
    images; `begin_epoch` is called before each epoch; `forward` weights a batch; `penalty` is added to the loss.
    """

    def prepare(self, images: Tensor) -> None:
        """Create the parameters for the training images.

        Args:
            images: normalized training images of the run, N x C x H x W, float32, on the training device.
        """
        raise NotImplementedError

    def begin_epoch(self, epoch: int) -> None:
        """Prepare for `epoch` (counted from 1). The default does nothing."""

    def phase(self, epoch: int) -> Hashable:
        """Return the phase of `epoch`, equal for epochs whose steps differ in values only.

        Epochs of one phase share a CUDA graph. By default, each epoch is a separate phase.
        """
        return epoch

    def weights(self) -> Tensor:
        """Return the attention map, 1 x 1 x H x W."""
        raise NotImplementedError

    def penalty(self) -> Tensor | None:
        """Return the scalar that is added to the loss, or None."""
        return None

    def forward(self, images: Tensor) -> Tensor:
        """Return `images` (B x C x H x W), each multiplied by the attention map."""
        return images * self.weights().to(images.dtype)


class BlockAttention(nn.Module):
    """Attention inside a network: maps a block's output, B x C x H x W, to the same shape and type.

    `Class(channels, size, *, hyper-parameters...)` constructs one module for each insertion point, from the width C
    and the (H, W) there. `forward` must accept any batch size.
    """

    gradient_free: ClassVar[tuple[str, ...]] = ()
    """Parameters whose gradient is zero for all data; the docstring of the mechanism gives the reason."""

    def weights(self, features: Tensor) -> Tensor | None:
        """Return the attention weights for `features` (B x C x H x W), or None where it has none."""
        return None

    def weight_map(self, features: Tensor) -> Tensor | None:
        """Return the attention map of `features` (B x C x H x W) for figures, B x H x W.

        The default is the mean of the weights over their channels, or None where the weights have no position in the
        image. Override it where the weights are not gates.
        """
        weights = self.weights(features)
        if weights is None or weights.shape[2:] != features.shape[2:] or weights[0, 0].numel() == 1:
            return None
        return weights.mean(1)

    def distributions(self, features: Tensor) -> Mapping[str, Tensor]:
        """Return further values by name (R x N, each row a distribution), whose quantiles figures show."""
        return {}

    @staticmethod
    def skip_reason(channels: int, size: tuple[int, int], options: Mapping[str, Any]) -> str | None:
        """Return why the mechanism can't be placed behind a block of this width and (H, W), or None where it can.

        The plan calls this without importing the module, so the body may use only its arguments and Python's built-in
        functions.
        """
        return None


M = TypeVar("M", bound=type[InputAttention] | type[BlockAttention])
_REGISTRY: dict[str, type[InputAttention] | type[BlockAttention]] = {}


def register(name: str) -> Callable[[M], M]:
    """Register the decorated class as the mechanism `name`, which must be the name of its file."""

    def registered(mechanism: M) -> M:
        file = mechanism.__module__.rpartition(".")[2]
        if file != name:
            raise ValueError(f"the mechanism '{name}' is in {file}.py; rename one of them, so that they are equal")
        _REGISTRY[name] = mechanism
        return mechanism

    return registered


def mechanism_class(name: str) -> type[InputAttention] | type[BlockAttention]:
    """Return the class of the mechanism `name`, or of `module:Class`, a user's mechanism.

    Raises:
        UserError: there is no such mechanism, or the user's module can't be imported.
    """
    own = own_mechanism(name)
    if own is not None:
        return _own_class(*own, mechanism_file(name))
    if name not in mechanism_names():
        raise UserError(unknown_name("mechanism", name, mechanism_names()))
    import_module(f"medattn.attention.{name}")
    return _REGISTRY[name]


def _own_class(module: str, name: str, file: Path) -> type[InputAttention] | type[BlockAttention]:
    if (folder := str(Path.cwd())) not in sys.path:
        sys.path.append(folder)  # after all others: no file there replaces a module of Python or a library
    try:
        imported = import_module(module)
    except Exception as error:
        raise UserError(f"{file}: can't be imported: {type(error).__name__}: {error}") from error
    if Path(imported.__file__ or "").resolve() != file.resolve():
        raise UserError(f"{file}: another module, {imported.__file__}, has the name '{module}'; rename your file")
    found = getattr(imported, name, None)
    if not (isinstance(found, type) and issubclass(found, InputAttention | BlockAttention)):
        raise UserError(f"{file}: {name} derives from neither BlockAttention nor InputAttention")
    return found


def create_input_attention(name: str, options: Mapping[str, Any]) -> InputAttention:
    """Create the mechanism `name`, which works on the input, with its hyper-parameters."""
    created = mechanism_class(name)(**options)
    assert isinstance(created, InputAttention), f"{name} does not work on the input"
    return created


def create_block_attention(
    name: str, options: Mapping[str, Any], channels: int, size: tuple[int, int]
) -> BlockAttention:
    """Create the mechanism `name` for a block of this number of channels and this (H, W).

    Raises:
        Skipped: the mechanism can't be placed behind such a block.
    """
    mechanism = mechanism_class(name)
    assert issubclass(mechanism, BlockAttention), f"{name} does not work inside a network"
    reason = mechanism.skip_reason(channels, size, options)
    if reason is not None:
        raise Skipped(f"{name}: {reason}")
    return mechanism(channels, size, **options)


def outputs_of(part: nn.Module, whole: nn.Module, *inputs: Tensor) -> list[Tensor]:
    """Return the output of each call of `part` while `whole` processes `inputs`."""
    outputs: list[Tensor] = []
    handle = part.register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
    try:
        whole(*inputs)
    finally:
        handle.remove()
    return outputs
