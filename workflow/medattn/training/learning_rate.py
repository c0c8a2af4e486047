"""Learning-rate schedule of a recipe, computed by the schedulers of torch."""

from functools import lru_cache

import torch
from torch.optim import SGD, Optimizer
from torch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingLR,
    LinearLR,
    LRScheduler,
    MultiStepLR,
    SequentialLR,
    StepLR,
)

from medattn.config.models.recipe import Recipe


def learning_rate(recipe: Recipe, epoch: int, start: float | None = None) -> float:
    """Return the learning rate in `epoch` (counted from 1).

    Args:
        recipe: the schedule.
        epoch: the epoch.
        start: initial learning rate; default: the recipe's.
    """
    return _rates(recipe.model_dump_json(), recipe.learning_rate if start is None else start)[epoch - 1]


@lru_cache(maxsize=64)
def _rates(recipe_json: str, start: float) -> tuple[float, ...]:
    """Return the learning rate of every epoch. The recipe is JSON, so that it can be the key of a cache."""
    recipe = Recipe.model_validate_json(recipe_json)
    optimizer = SGD([torch.zeros(1)], lr=start)
    scheduler = _scheduler(recipe, optimizer)
    rates = []
    for _ in range(recipe.epochs):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    return tuple(rates)


def _scheduler(recipe: Recipe, optimizer: Optimizer) -> LRScheduler:
    """Return the scheduler of a recipe: the warm-up, if there is one, and the schedule after it."""
    warmup = recipe.warmup_epochs
    if not warmup:
        return _schedule(recipe, optimizer, recipe.epochs)
    rising = LinearLR(optimizer, start_factor=recipe.warmup_factor, total_iters=warmup)
    return SequentialLR(optimizer, [rising, _schedule(recipe, optimizer, recipe.epochs - warmup)], [warmup])


def _schedule(recipe: Recipe, optimizer: Optimizer, epochs: int) -> LRScheduler:
    if recipe.schedule == "cosine":
        return CosineAnnealingLR(optimizer, T_max=epochs)
    if recipe.schedule == "constant":
        return ConstantLR(optimizer, factor=1.0)
    if recipe.step_epochs is None:
        return MultiStepLR(optimizer, recipe.milestones, recipe.step_factor)
    return StepLR(optimizer, recipe.step_epochs, recipe.step_factor)
