"""What a mechanism is to the training, and the registry that holds them by name."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

from torch import Tensor, nn

from medattn.config.mechanisms import mechanism_names
from medattn.errors import UserError
from medattn.nearest import unknown_name


class InputAttention(nn.Module):
    """Attention on the raw input: one weight per pixel, the same for all images of a data set.

    Life of an object: constructed with its hyper-parameters; `prepare` sees the training images and makes the
    parameters; `begin_epoch` is called before each epoch; `forward` weights a batch; `penalty` joins the loss.
    """

    def prepare(self, images: Tensor) -> None:
        """Make the parameters for the training images.

        Args:
            images: normalised training images of the run, N x C x H x W, float32, on the device of the training.
        """
        raise NotImplementedError

    def begin_epoch(self, epoch: int) -> None:
        """Get ready for `epoch` (counted from 1); most mechanisms need nothing."""

    def weights(self) -> Tensor:
        """Return the attention map, 1 x 1 x H x W."""
        raise NotImplementedError

    def penalty(self) -> Tensor | None:
        """Return the scalar that is added to the loss, or None where there is nothing to add."""
        return None

    def forward(self, images: Tensor) -> Tensor:
        """Return `images` (B x C x H x W), each multiplied by the attention map."""
        return images * self.weights().to(images.dtype)


M = TypeVar("M", bound=type[InputAttention])
_REGISTRY: dict[str, type[InputAttention]] = {}


def register(name: str) -> Callable[[M], M]:
    """Register the decorated class as the mechanism `name`, which must be the name of its file."""

    def registered(mechanism: M) -> M:
        file = mechanism.__module__.rpartition(".")[2]
        if file != name:
            raise ValueError(f"the mechanism '{name}' stands in {file}.py; file and name must be the same")
        _REGISTRY[name] = mechanism
        return mechanism

    return registered


def create_mechanism(name: str, options: dict[str, Any]) -> InputAttention:
    """Return the mechanism `name` with its hyper-parameters.

    Raises:
        UserError: there is no such mechanism.
    """
    if name not in mechanism_names():
        raise UserError(unknown_name("mechanism", name, mechanism_names()))
    import_module(f"medattn.attention.{name}")
    return _REGISTRY[name](**options)
