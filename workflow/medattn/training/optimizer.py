"""Optimizer of a recipe, with the learning rates of its groups of parameters."""

from typing import Any

import torch
from torch import Tensor, optim

from medattn.config.models.recipe import Recipe
from medattn.training.learning_rate import learning_rate
from medattn.training.network import AttendedNetwork


def create_optimizer(recipe: Recipe, network: AttendedNetwork) -> optim.Optimizer:
    """Create the recipe's optimizer for the parameters of `network` that learn.

    New layers with a separate learning rate form a separate group. A fused kernel updates all parameters, on CUDA and
    on the CPU. On CUDA, learning rates are float32 tensors on the device, from which a CUDA graph reads them.
    """
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    parameters: list[Any] = learning
    if recipe.new_layers_learning_rate is not None:
        new = [parameter for parameter in learning if network.is_new(parameter)]
        old = [parameter for parameter in learning if not network.is_new(parameter)]
        groups = ((old, recipe.learning_rate), (new, recipe.new_layers_learning_rate))
        parameters = [{"params": group, "start": rate} for group, rate in groups if group]
    device = learning[0].device
    optimizer = _optimizer(recipe, parameters, on_gpu=device.type == "cuda")
    if device.type == "cuda":
        put_learning_rates_on(device, optimizer)
    return optimizer


def put_learning_rates_on(device: torch.device, optimizer: optim.Optimizer) -> None:
    """Make the learning rate of each group a tensor on `device`."""
    for group in optimizer.param_groups:
        group["lr"] = torch.tensor(group["lr"], dtype=torch.float32, device=device)


def restore_optimizer(optimizer: optim.Optimizer, state: dict[str, Any]) -> None:
    """Load an optimizer's `state`, except for its settings, which follow from recipe and device."""
    settings = [{key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups]
    optimizer.load_state_dict(state)
    for group, own in zip(optimizer.param_groups, settings, strict=True):
        group.update(own)


def _optimizer(recipe: Recipe, parameters: list[Any], on_gpu: bool) -> optim.Optimizer:
    if recipe.optimizer != "sgd":
        kind = optim.Adam if recipe.optimizer == "adam" else optim.AdamW
        decay = recipe.weight_decay
        return kind(parameters, recipe.learning_rate, weight_decay=decay, fused=True, capturable=on_gpu)
    return optim.SGD(
        parameters,
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=recipe.nesterov,
        fused=True,
    )


def set_learning_rates(optimizer: optim.Optimizer, recipe: Recipe, epoch: int) -> None:
    """Set the learning rate of each group of parameters for `epoch` (counted from 1)."""
    for group in optimizer.param_groups:
        rate = learning_rate(recipe, epoch, group.get("start"))
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate
