"""Groups of parameters for transfer learning: those that ImageNet weights fill, and new ones.

The former may be frozen, except for named parts. New parameters (the last layer, attention) start from random values,
always learn, and may have a separate learning rate.
"""

from functools import cached_property

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from medattn.backbones.build import new_parameters
from medattn.backbones.stem import stem_path
from medattn.config.models.paper import Backbone
from medattn.errors import Skipped
from medattn.suggestions import unknown_name


class ParameterGroups:
    """Groups of the parameters of a backbone.

    Parameters are identified by object, not by name, because placing modules changes names.

    Args:
        network: network from `build_backbone`, before modules are placed in it.
        backbone: configuration of the network.
        classes: number of outputs.
        size: height and width of the images in pixels.
    """

    def __init__(self, network: nn.Module, backbone: Backbone, classes: int, size: tuple[int, int]) -> None:
        self._network, self._backbone, self._classes, self._size = network, backbone, classes, size
        self._named = dict(network.named_parameters())
        self._modules = dict(network.named_modules())
        self._frozen_normalizations: list[nn.Module] = []

    def is_new(self, parameter: nn.Parameter) -> bool:
        """Return whether ImageNet weights do not fill a parameter.

        The last layer, a small stem, modules placed in the backbone later, and everything outside it are new.
        """
        return id(parameter) not in self._originals

    def freeze(self) -> None:
        """Freeze the parameters that are not new, except the parts in `trainable`; without `trainable`, freeze nothing.

        Gradients still pass through frozen parts to the modules before them.

        Raises:
            Skipped: the network has no such part; the message suggests a name.
        """
        trainable = self._backbone.trainable
        if trainable is None:
            return
        for part in trainable:
            if part not in self._modules and part not in self._named:
                sentence = unknown_name(f"part of {self._backbone.model}", part, filter(None, self._modules))
                raise Skipped(f"trainable: {sentence}")
        for name, parameter in self._named.items():
            if not self.is_new(parameter) and not _lies_in(name, trainable):
                parameter.requires_grad_(False)
        for name, module in self._modules.items():
            if isinstance(module, _BatchNorm) and not _lies_in(name, trainable):
                own = list(module.parameters())
                if not any(parameter.requires_grad for parameter in own):
                    self._frozen_normalizations.append(module)

    def keep_frozen(self) -> None:
        """Switch frozen batch normalization to evaluation mode, which freezes its running mean and variance, too.

        Call this whenever the network is switched to training mode.
        """
        for module in self._frozen_normalizations:
            module.eval()

    @cached_property
    def _originals(self) -> set[int]:
        new = new_parameters(self._named, self._backbone, self._classes, self._size)
        if self._backbone.stem == "small":
            new |= {name for name in self._named if _lies_in(name, [stem_path(self._backbone.model)])}
        return {id(parameter) for name, parameter in self._named.items() if name not in new}


def _lies_in(name: str, parts: list[str]) -> bool:
    return any(name == part or name.startswith(f"{part}.") for part in parts)
