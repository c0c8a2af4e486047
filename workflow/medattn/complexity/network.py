"""Counting the network of a cell on the meta device, where tensors have shapes and no memory."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from medattn.attention.mechanism import InputAttention
from medattn.complexity.counters import RULES, counting
from medattn.complexity.images import ImageFacts
from medattn.complexity.meta_batch_norm import fast_batch_norm
from medattn.config.arms import arm_settings
from medattn.config.models.paper import Arm, Backbone
from medattn.config.models.recipe import Recipe
from medattn.errors import Skipped, UserError
from medattn.plan.model import Cell
from medattn.training.network import AttendedNetwork, NetworkSpec, build_network

_META = torch.device("meta")


@dataclass(frozen=True)
class NetworkCounts:
    """Costs of a network.

    Attributes:
        parameters: number of parameters.
        trainable: number of parameters that are trained from the first epoch on.
        macs: multiply-accumulates (conv + linear + matmul) of one image in evaluation.
        macs_per_step: multiply-accumulates of the forward pass that do not depend on the batch size, such as those
            of an attention map that all images share.
        c1_parameters: number of parameters that the counter C1 sees.
        rules: counts of one image by the other rules, by name.
        activations: bytes that a training step with the recipe's batch size keeps for its backward pass.
    """

    parameters: int
    trainable: int
    macs: int
    macs_per_step: int
    c1_parameters: int
    rules: dict[str, int]
    activations: int


@dataclass(frozen=True)
class NetworkOfCell:
    """The settings that determine the network of a cell at one grid point.

    Attributes:
        backbone: the backbone.
        arm: the arm.
        options: hyper-parameters of the arm's mechanism, defaults filled in.
        recipe: the recipe at this grid point.
    """

    backbone: Backbone
    arm: Arm
    options: dict[str, Any]
    recipe: Recipe


def network_of_cell(cell: Cell, grid_point: dict[str, Any]) -> NetworkOfCell:
    """Return the network of a cell at a point of the arm's grid."""
    backbone, arm = cell.settings.backbone, cell.settings.arm
    assert backbone is not None
    recipe, options = arm_settings(arm, cell.settings.recipe, grid_point, cell.id)
    return NetworkOfCell(backbone, arm, options, recipe)


def build(network: NetworkOfCell, images: ImageFacts, device: torch.device) -> AttendedNetwork:
    """Build the network with random weights, which have the same shapes as those of ImageNet.

    Raises:
        UserError: the network can't be built for such images.
    """
    backbone = network.backbone.model_copy(update={"weights": "none"})
    arm = network.arm
    spec = NetworkSpec(backbone, images.classes, arm.mechanism, network.options, arm.placement, arm.placebo)
    with torch.device(device):
        image = torch.empty(1, images.channels, images.height, images.width)
        # One image represents all training images, because the network depends only on their shape.
        training_images = image.expand(images.training or 1, -1, -1, -1)
        try:
            built = build_network(spec, training_images, seed=0, data=Path())
        except Skipped as error:
            raise UserError(str(error)) from error
    return built.to(device)


def parameter_count(network: NetworkOfCell, images: ImageFacts) -> tuple[int, int]:
    """Return the number of all parameters, and of those that the counter C1 sees."""
    with fast_batch_norm():
        built = build(network, images, _META)
    with counting(built) as tally:
        pass
    return sum(p.numel() for p in built.parameters()), tally.c1_parameters


def count(network: NetworkOfCell, images: ImageFacts) -> NetworkCounts:
    """Count the network of a cell.

    Activation memory is the size in float32 of the distinct tensors that autograd saves during the forward pass of one
    training step (torch.autograd.graph.saved_tensors_hooks), without parameters and buffers. A device also needs
    memory for the workspace of convolutions, gradients, the optimizer's state and fragmentation.

    Raises:
        UserError: the network can't be built for such images, or they are too small for it.
    """
    with fast_batch_norm():
        return _count(network, images)


def _count(network: NetworkOfCell, images: ImageFacts) -> NetworkCounts:
    built = build(network, images, _META)
    if built.attention is not None:
        built.attention.begin_epoch(1)
    image = torch.empty(1, 3, images.height, images.width, device=_META)
    with torch.no_grad():
        if built.eval().attention is not None:
            built(image)  # computes the map that all images share, so that the count leaves it out
        with counting(built) as tally:
            built(image)
    built.train()
    batch = image.expand(network.recipe.batch_size, -1, -1, -1).contiguous()
    saved = _SavedTensors(built)
    with torch.autograd.graph.saved_tensors_hooks(saved.keep, lambda kept: kept):
        built(batch)
    parameters = list(built.parameters())
    return NetworkCounts(
        parameters=sum(p.numel() for p in parameters),
        trainable=sum(p.numel() for p in parameters if p.requires_grad),
        macs=tally.macs,
        macs_per_step=_once_a_step(built.attention, batch),
        c1_parameters=tally.c1_parameters,
        rules={rule: tally.count(rule) for rule in RULES},
        activations=saved.bytes,
    )


def _once_a_step(attention: InputAttention | None, batch: Tensor) -> int:
    """Return the multiply-accumulates of input attention that do not depend on the batch size."""
    if attention is None:
        return 0
    with counting(attention) as tally:
        attention(batch)
    with counting(attention) as twice:
        attention(torch.cat([batch, batch]))
    return 2 * tally.macs - twice.macs


class _SavedTensors:
    """Sum of the distinct storages that autograd saves."""

    def __init__(self, network: AttendedNetwork) -> None:
        own = [*network.parameters(), *network.buffers()]
        # Keep the tensors alive: a freed storage's address could be reused by another.
        self._known = {_storage_key(tensor): tensor for tensor in own}
        self.bytes = 0

    def keep(self, tensor: Tensor) -> Tensor:
        """Add a tensor that autograd saves."""
        key = _storage_key(tensor)
        if key not in self._known:
            self._known[key] = tensor
            self.bytes += tensor.untyped_storage().nbytes()
        return tensor


def _storage_key(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)
