"""Optimiser and learning-rate schedule of a recipe."""

import math
from collections.abc import Iterable

from torch import nn, optim

from medattn.config.recipe import Recipe


def create_optimiser(recipe: Recipe, parameters: Iterable[nn.Parameter]) -> optim.Optimizer:
    """Return the recipe's optimiser over `parameters`."""
    if recipe.optimiser == "adam":
        return optim.Adam(parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    return optim.SGD(
        parameters,
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=recipe.nesterov,
    )


def learning_rate(recipe: Recipe, epoch: int) -> float:
    """Return the learning rate in `epoch` (counted from 1)."""
    if recipe.schedule == "step":
        assert recipe.step_epochs is not None
        return recipe.learning_rate * recipe.step_factor ** ((epoch - 1) // recipe.step_epochs)
    if recipe.schedule == "cosine":
        return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * (epoch - 1) / recipe.epochs))
    return recipe.learning_rate
