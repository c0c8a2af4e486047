"""The network of a run: a backbone with the arm's mechanism in front of it or inside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from medattn.attention.mechanism import (
    BlockAttention,
    InputAttention,
    create_block_attention,
    create_input_attention,
    mechanism_class,
)
from medattn.attention.placebo import ConstantBlock, ConstantInput, FrozenBlock, FrozenInput, settle_constants
from medattn.backbones.build import build_backbone, check_images
from medattn.backbones.parameter_groups import ParameterGroups
from medattn.backbones.placement import place_modules
from medattn.config.models.paper import Backbone, Placebo
from medattn.config.models.placement import EVERYWHERE, Placement
from medattn.seeding import derive_seed

T = TypeVar("T")


class AttendedNetwork(nn.Module):
    """Backbone behind the arm's attention on the input, if it has one.

    Attention on the outputs of blocks is part of the backbone.
    """

    auxiliary_logits: list[Tensor]

    def __init__(
        self, backbone: nn.Module, attention: InputAttention | None, groups: ParameterGroups | None = None
    ) -> None:
        super().__init__()
        self.attention = attention
        self.backbone = backbone
        # Logits of the last training batch from auxiliary heads; empty for networks without such heads.
        self.auxiliary_logits = []
        self._groups = groups

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits (B x classes) of normalized images (B x 3 x H x W)."""
        if self.attention is not None:
            images = self.attention(images)
        output = self.backbone(images)
        logits: Tensor
        logits, *self.auxiliary_logits = output if isinstance(output, tuple) else (output,)
        return logits

    def train(self, mode: bool = True) -> Self:
        """Switch between training and evaluation mode; frozen batch normalization stays in evaluation mode."""
        super().train(mode)
        if self._groups is not None:
            self._groups.keep_frozen()
        return self

    def is_new(self, parameter: nn.Parameter) -> bool:
        """Return whether the backbone's ImageNet weights do not fill a parameter."""
        assert self._groups is not None, "this network was built without groups of parameters"
        return self._groups.is_new(parameter)

    def attention_map(self) -> Tensor | None:
        """Return the map of the attention on the input (H x W) on the CPU, or None where the arm has none."""
        if self.attention is None:
            return None
        with torch.no_grad():
            return self.attention.weights().detach()[0, 0].float().cpu().clone()

    @torch.no_grad()
    def at_blocks(self, images: Tensor, look: Callable[[BlockAttention, Tensor], T]) -> dict[str, T]:
        """Call `look` with each attention module of the backbone and its input; return the results by path, in order.

        Args:
            images: normalized images, B x 3 x H x W.
            look: takes the module and its input features. It is not called for attention inside attention.
        """
        seen: dict[str, T] = {}
        handles: list[RemovableHandle] = []
        for name, module in self._outermost():

            def note(module: nn.Module, inputs: tuple[Tensor], name: str = name) -> None:
                assert isinstance(module, BlockAttention)
                seen[name] = look(module, inputs[0])

            handles.append(module.register_forward_pre_hook(note))
        try:
            if handles:
                self(images)
        finally:
            for handle in handles:
                handle.remove()
        return seen

    def _outermost(self) -> list[tuple[str, BlockAttention]]:
        found: list[tuple[str, BlockAttention]] = []
        for name, module in self.backbone.named_modules():
            if isinstance(module, BlockAttention) and not (found and name.startswith(f"{found[-1][0]}.")):
                found.append((name, module))
        return found


@dataclass(frozen=True)
class NetworkSpec:
    """Specification of a network.

    Attributes:
        backbone: backbone of the configuration.
        classes: number of outputs.
        mechanism: name of a mechanism, or "none".
        options: hyper-parameters of the mechanism, defaults filled in.
        placement: insertion points in the backbone of a mechanism that works on the outputs of blocks.
        placebo: placebo that replaces the mechanism; None for the mechanism.
    """

    backbone: Backbone
    classes: int
    mechanism: str = "none"
    options: Mapping[str, Any] = field(default_factory=dict)
    placement: Placement = EVERYWHERE
    placebo: Placebo | None = None

    @property
    def is_on_input(self) -> bool:
        """Whether the mechanism works on the input."""
        return self.mechanism != "none" and not issubclass(mechanism_class(self.mechanism), BlockAttention)

    @property
    def needs_training_images(self) -> bool:
        """Whether the network is made from all training images: with attention on the input or a constant placebo."""
        return self.is_on_input or self.placebo == "constant"


def build_network(spec: NetworkSpec, training_images: Tensor, seed: int, data: Path) -> AttendedNetwork:
    """Build the initialized network of a run.

    The backbone is initialized first, from its own random stream: all arms of a seed start from the same weights.

    Args:
        spec: backbone, mechanism and number of classes.
        training_images: normalized training images of the run (N x C x H x W). A mechanism on the input is made from
            them, and a constant placebo measures on them; for all other networks, one image that has the H and W of
            all images is enough.
        seed: seed of the run.
        data: folder that holds the ImageNet weights.

    Raises:
        UserError: ImageNet weights are missing or do not fit.
        Skipped: images of this size are too small for the network, or the mechanism can't be placed in it.
    """
    device = training_images.device
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(derive_seed(seed, "initialisation"))
        size = (training_images.shape[-2], training_images.shape[-1])
        backbone = build_backbone(spec.backbone, spec.classes, data, size).to(device)
        groups = ParameterGroups(backbone, spec.backbone, spec.classes, size)
        groups.freeze()
        attention = None
        if spec.mechanism != "none":
            torch.manual_seed(derive_seed(seed, "initialisation of the mechanism"))
            if spec.is_on_input:
                attention = _input_attention(spec)
                attention.prepare(training_images)
            else:
                place_modules(
                    backbone,
                    spec.backbone.model,
                    spec.placement,
                    size,
                    lambda path, channels, side: _block_attention(spec, path, channels, side),
                )
        check_images(backbone, spec.backbone.model, size)
        network = AttendedNetwork(backbone, attention, groups)
        if spec.placebo == "constant" and not spec.is_on_input:
            settle_constants(network, training_images)
        return network


def _input_attention(spec: NetworkSpec) -> InputAttention:
    learning = create_input_attention(spec.mechanism, spec.options)
    if spec.placebo is None:
        return learning
    return FrozenInput(learning) if spec.placebo == "frozen" else ConstantInput(learning)


def _block_attention(spec: NetworkSpec, path: str, channels: int, size: tuple[int, int]) -> BlockAttention:
    options = {**spec.options, **spec.placement.options_at.get(path, {})}
    learning = create_block_attention(spec.mechanism, options, channels, size)
    if spec.placebo is None:
        return learning
    return FrozenBlock(learning) if spec.placebo == "frozen" else ConstantBlock(learning)
