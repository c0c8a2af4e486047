"""A backbone with the arm's mechanism in front of it or inside it."""

from collections.abc import Callable
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
from medattn.backbones.build import build_backbone, check_images
from medattn.backbones.parameter_groups import Parts
from medattn.backbones.placement import place_modules
from medattn.config.models.paper import Backbone
from medattn.config.models.placement import EVERYWHERE, Placement
from medattn.seeding import derive_seed

T = TypeVar("T")


class AttendedNetwork(nn.Module):
    """What is trained: attention on the input, if the arm has one, then normalized images through the backbone.

    Attention that works on the outputs of blocks is part of the backbone.
    """

    auxiliary_logits: list[Tensor]

    def __init__(self, backbone: nn.Module, attention: InputAttention | None, parts: Parts | None = None) -> None:
        super().__init__()
        self.attention = attention
        self.backbone = backbone
        # Logits of the last batch from heads beside the main path; only while training, and only where there are any.
        self.auxiliary_logits = []
        self._parts = parts

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits (B x classes) of normalized images (B x 3 x H x W)."""
        if self.attention is not None:
            images = self.attention(images)
        output = self.backbone(images)
        logits: Tensor
        logits, *self.auxiliary_logits = output if isinstance(output, tuple) else (output,)
        return logits

    def train(self, mode: bool = True) -> Self:
        """Switch between training and evaluation; frozen batch normalization stays in evaluation."""
        super().train(mode)
        if self._parts is not None:
            self._parts.keep_frozen()
        return self

    def is_new(self, parameter: nn.Parameter) -> bool:
        """Return whether a parameter is none of those that the backbone's ImageNet weights fill."""
        assert self._parts is not None, "made without a backbone of the configuration"
        return self._parts.is_new(parameter)

    def attention_map(self) -> Tensor | None:
        """Return the map of the attention on the input (H x W) on the CPU, or None where the arm has none."""
        if self.attention is None:
            return None
        with torch.no_grad():
            return self.attention.weights().detach()[0, 0].float().cpu().clone()

    @torch.no_grad()
    def at_blocks(self, images: Tensor, look: Callable[[BlockAttention, Tensor], T]) -> dict[str, T]:
        """Return what `look` makes of each attention inside the backbone and its input, by its path, in order.

        Args:
            images: normalized images, B x 3 x H x W, that pass through the network.
            look: takes the module and the features that it is given; attention inside attention is not shown to it.
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


def build_network(
    backbone: Backbone,
    mechanism: str,
    options: dict[str, Any],
    classes: int,
    training_images: Tensor,
    seed: int,
    data: Path,
    placement: Placement = EVERYWHERE,
) -> AttendedNetwork:
    """Return the initialized network of a run.

    The backbone is initialized first and from a stream of its own, so that all arms of a seed start from the same
    weights.

    Args:
        backbone: the image network.
        mechanism: name of a mechanism, or "none".
        options: hyper-parameters of the mechanism.
        classes: outputs.
        training_images: normalized training images of the run (N x C x H x W), from which a mechanism may be made, and
            whose H x W is that of all images.
        seed: seed of the run.
        data: folder under which ImageNet weights lie.
        placement: where in the backbone the mechanism stands, if it works on the outputs of blocks.

    Raises:
        UserError: the network can't be built so.
        Skipped: images of this size are too small for it, or the mechanism can't be placed in it.
    """
    device = training_images.device
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(derive_seed(seed, "initialisation"))
        size = (training_images.shape[-2], training_images.shape[-1])
        network = build_backbone(backbone, classes, data, size).to(device)
        parts = Parts(network, backbone, classes, size)
        parts.freeze()
        attention = None
        if mechanism != "none":
            torch.manual_seed(derive_seed(seed, "initialisation of the mechanism"))
            if issubclass(mechanism_class(mechanism), BlockAttention):
                place_modules(
                    network,
                    backbone.model,
                    placement,
                    size,
                    lambda path, channels, side: create_block_attention(
                        mechanism, {**options, **placement.options_at.get(path, {})}, channels, side
                    ),
                )
            else:
                attention = create_input_attention(mechanism, options)
                attention.prepare(training_images)
        check_images(network, backbone.model, size)
        return AttendedNetwork(network, attention, parts)
