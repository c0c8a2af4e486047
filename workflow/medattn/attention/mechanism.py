"""What a mechanism is to the training, and the registry that holds them by name."""

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
    """Attention on the raw input: one weight per pixel, the same for all images of a data set.

    Life of an object: constructed with its hyper-parameters; `prepare` sees the training images and makes the
    parameters; `begin_epoch` is called before each epoch; `forward` weights a batch; `penalty` joins the loss.
    """

    def prepare(self, images: Tensor) -> None:
        """Make the parameters for the training images.

        Args:
            images: normalized training images of the run, N x C x H x W, float32, on the device of the training.
        """
        raise NotImplementedError

    def begin_epoch(self, epoch: int) -> None:
        """Get ready for `epoch` (counted from 1); most mechanisms need nothing."""

    def phase(self, epoch: int) -> Hashable:
        """Return what is equal for two epochs whose steps are the same computation on other values.

        A step that was recorded on a GPU in one of them serves in the other. By default no epoch is like another.
        """
        return epoch

    def weights(self) -> Tensor:
        """Return the attention map, 1 x 1 x H x W."""
        raise NotImplementedError

    def penalty(self) -> Tensor | None:
        """Return the scalar that is added to the loss, or None where there is nothing to add."""
        return None

    def forward(self, images: Tensor) -> Tensor:
        """Return `images` (B x C x H x W), each multiplied by the attention map."""
        return images * self.weights().to(images.dtype)


class BlockAttention(nn.Module):
    """Attention inside a network: maps a block's output, B x C x H x W, to the same shape and type.

    A subclass is constructed as `Class(channels, size, *, hyper-parameters...)` for the width C and the (H, W) of the
    block that it stands in, once for each block. `forward` must take any batch size.
    """

    gradient_free: ClassVar[tuple[str, ...]] = ()
    """Parameters that the algebra leaves without a gradient, whatever the data; the docstring says why."""

    def weights(self, features: Tensor) -> Tensor | None:
        """Return the attention weights for `features` (B x C x H x W), or None where there is nothing to show."""
        return None

    def weight_map(self, features: Tensor) -> Tensor | None:
        """Return what figures show of the weights for `features` (B x C x H x W) as a map, B x H x W.

        The mean over their channels; None where the weights have no place in the image. A mechanism whose weights are
        no gates says what its map is.
        """
        weights = self.weights(features)
        if weights is None or weights.shape[2:] != features.shape[2:] or weights[0, 0].numel() == 1:
            return None
        return weights.mean(1)

    def distributions(self, features: Tensor) -> Mapping[str, Tensor]:
        """Return further values whose distributions figures show, by name: R x N, each row a distribution."""
        return {}

    @staticmethod
    def skip_reason(channels: int, size: tuple[int, int], options: Mapping[str, Any]) -> str | None:
        """Say why the mechanism can't stand behind a block of this width and (H, W), or None where it can.

        The plan calls this without importing the module: the body may use its arguments and Python's built-in
        functions, nothing else.
        """
        return None


M = TypeVar("M", bound=type[InputAttention] | type[BlockAttention])
_REGISTRY: dict[str, type[InputAttention] | type[BlockAttention]] = {}


def register(name: str) -> Callable[[M], M]:
    """Register the decorated class as the mechanism `name`, which must be the name of its file."""

    def registered(mechanism: M) -> M:
        file = mechanism.__module__.rpartition(".")[2]
        if file != name:
            raise ValueError(f"the mechanism '{name}' stands in {file}.py; file and name must be the same")
        _REGISTRY[name] = mechanism
        return mechanism

    return registered


def mechanism_class(name: str) -> type[InputAttention] | type[BlockAttention]:
    """Return the class of the mechanism `name`, which may be the user's: `module:Class`.

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
        sys.path.insert(0, folder)  # a console script does not look where the command runs
    try:
        imported = import_module(module)
    except Exception as error:
        raise UserError(f"{file}: can't be imported: {type(error).__name__}: {error}") from error
    if Path(imported.__file__ or "").resolve() != file.resolve():
        raise UserError(f"the name '{module}' of {file} is that of another module, {imported.__file__}; rename yours")
    found = getattr(imported, name, None)
    if not (isinstance(found, type) and issubclass(found, InputAttention | BlockAttention)):
        raise UserError(f"{file}: {name} derives from neither BlockAttention nor InputAttention")
    return found


def create_input_attention(name: str, options: Mapping[str, Any]) -> InputAttention:
    """Return the mechanism `name`, which works on the input, with its hyper-parameters."""
    created = mechanism_class(name)(**options)
    assert isinstance(created, InputAttention), f"{name} does not work on the input"
    return created


def create_block_attention(
    name: str, options: Mapping[str, Any], channels: int, size: tuple[int, int]
) -> BlockAttention:
    """Return the mechanism `name` for a block of so many channels and this (H, W).

    Raises:
        Skipped: the mechanism can't stand there.
    """
    mechanism = mechanism_class(name)
    assert issubclass(mechanism, BlockAttention), f"{name} does not work inside a network"
    reason = mechanism.skip_reason(channels, size, options)
    if reason is not None:
        raise Skipped(f"{name}: {reason}")
    return mechanism(channels, size, **options)


def outputs_of(part: nn.Module, whole: nn.Module, *inputs: Tensor) -> list[Tensor]:
    """Return what `part` puts out, call by call, while `whole` works on `inputs`."""
    outputs: list[Tensor] = []
    handle = part.register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
    try:
        whole(*inputs)
    finally:
        handle.remove()
    return outputs
