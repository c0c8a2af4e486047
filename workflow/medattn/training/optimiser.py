"""Optimiser and learning-rate schedule of a recipe."""

import math
from typing import Any

from torch import optim

from medattn.config.recipe import Recipe
from medattn.training.network import AttendedNetwork


def create_optimiser(recipe: Recipe, network: AttendedNetwork) -> optim.Optimizer:
    """Return the recipe's optimiser over the parameters of `network` that learn.

    Where new layers have a learning rate of their own, they are a group of their own. All parameters are updated by
    one fused kernel, on CUDA and on the CPU.
    """
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    parameters: list[Any] = learning
    if recipe.new_layers_learning_rate is not None:
        new = [parameter for parameter in learning if network.is_new(parameter)]
        old = [parameter for parameter in learning if not network.is_new(parameter)]
        groups = ((old, recipe.learning_rate), (new, recipe.new_layers_learning_rate))
        parameters = [{"params": group, "start": rate} for group, rate in groups if group]
    if recipe.optimiser == "adam":
        return optim.Adam(parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True)
    return optim.SGD(
        parameters,
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=recipe.nesterov,
        fused=True,
    )


def set_learning_rates(optimiser: optim.Optimizer, recipe: Recipe, epoch: int) -> None:
    """Set the learning rate of each group of parameters for `epoch` (counted from 1)."""
    for group in optimiser.param_groups:
        group["lr"] = learning_rate(recipe, epoch, group.get("start"))


def learning_rate(recipe: Recipe, epoch: int, start: float | None = None) -> float:
    """Return the learning rate in `epoch` (counted from 1).

    Args:
        recipe: the schedule.
        epoch: the epoch.
        start: learning rate at the start; default: the recipe's.
    """
    start = recipe.learning_rate if start is None else start
    if recipe.schedule == "step":
        assert recipe.step_epochs is not None
        return start * recipe.step_factor ** ((epoch - 1) // recipe.step_epochs)
    if recipe.schedule == "cosine":
        return start * 0.5 * (1 + math.cos(math.pi * (epoch - 1) / recipe.epochs))
    return start
