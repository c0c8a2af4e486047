"""Which parameters of a network are the library's and which are new, and which of them learn.

Transfer learning treats them differently: the library's start from ImageNet weights and may be frozen but for named
parts; new ones (the last layer, attention) start from nothing, always learn, and may learn at a rate of their own.
"""

from functools import cached_property

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from medattn.backbones.build import new_parameters
from medattn.backbones.stem import stem_path
from medattn.config.models.paper import Backbone
from medattn.errors import Skipped
from medattn.suggestions import unknown_name


class Parts:
    """The parameters of a backbone, told apart by what they are and not by name, which placing modules may change.

    Args:
        network: as `build_backbone` made it, before modules are placed in it.
        backbone: its configuration.
        classes: its outputs.
        size: height and width of its images in pixels.
    """

    def __init__(self, network: nn.Module, backbone: Backbone, classes: int, size: tuple[int, int]) -> None:
        self._network, self._backbone, self._classes, self._size = network, backbone, classes, size
        self._named = dict(network.named_parameters())
        self._modules = dict(network.named_modules())
        self._frozen_normalizations: list[nn.Module] = []

    def is_new(self, parameter: nn.Parameter) -> bool:
        """Return whether a parameter is none of those that ImageNet weights fill.

        The last layer, a small stem, and whatever was placed in the backbone later or stands outside it are new.
        """
        return id(parameter) not in self._originals

    def freeze(self) -> None:
        """Freeze everything that is not new but the parts that `trainable` names; without `trainable`, nothing.

        Gradients still pass through frozen parts, to whatever stands in front of them.

        Raises:
            Skipped: there is no such part; names the nearest.
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
        """Put frozen batch normalization into evaluation: its running mean and variance are frozen, too.

        To be called whenever the network is switched to training.
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
