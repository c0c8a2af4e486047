"""Checks of the values that a metric of the user returns."""

from collections.abc import Callable
from typing import Any

import numpy as np

from medattn.errors import UserError
from medattn.metrics.metric import MEAN, Metric
from medattn.metrics.registry import METRICS
from medattn.metrics.scored import Scored, ScoredEpochs, Values
from medattn.own_code import own_function, own_name

_ROUNDING = 1e-6


def checked(metric: str, function: Callable[[Any], list[Any]], images: Scored) -> list[Values]:
    """Return the values of a metric for scored images; those of a user's metric are checked.

    Raises:
        UserError: they have another type, shape, class or range than the metric states; gives file and line.
    """
    found: list[Values] = function(images)
    if own_name(metric) is not None and (problem := _problem(found, METRICS[metric], images)):
        raise UserError(f"{own_function(metric).place}: {metric} {problem}")
    return found


def _problem(found: Any, facts: Metric, images: Scored) -> str:
    """Say what is wrong with returned values; empty if nothing is."""
    if not isinstance(found, list) or not all(isinstance(values, Values) for values in found):
        shown = f"a list of {type(found[0]).__name__}" if isinstance(found, list) and found else type(found).__name__
        return f"returned {shown}, not a list of Values (medattn.metrics.scored)"
    classes = {"none": [""], "each": [*images.classes, MEAN], "positive": list(images.classes)}[facts.classes]
    if [values.class_name for values in found] != classes:
        names = ", ".join(values.class_name or "''" for values in found) or "none"
        wanted = ", ".join(name or "''" for name in classes)
        return f"returned values for the classes {names}, not {wanted} (`classes` of its Metric: {facts.classes})"
    return next((problem for values in found if (problem := _wrong_numbers(values, facts, _count(images)))), "")


def _count(images: Scored) -> int:
    """Return the number of values that a metric has: one for each epoch or weighting."""
    if isinstance(images, ScoredEpochs):
        return len(images.scores)
    return 1 if images.weights is None else images.weights.shape[1]


def _wrong_numbers(values: Values, facts: Metric, count: int) -> str:
    numbers = values.values
    if not isinstance(numbers, np.ndarray) or numbers.shape != (count,) or numbers.dtype.kind != "f":
        shape = f" of shape {numbers.shape} and type {numbers.dtype}" if isinstance(numbers, np.ndarray) else ""
        return (
            f"returned {type(numbers).__name__}{shape} as values, not a float array of shape ({count},): one value for "
            "each weighting of the images"
        )
    if np.isnan(numbers[0]) and not values.note:
        return "returned NaN; where it is undefined, its Values need a `note` that says why"
    most = 100.0 if facts.unit == "percent" else 1.0
    outside = numbers[(numbers < facts.least - _ROUNDING) | (numbers > most + _ROUNDING)]
    if outside.size:
        return f"returned {outside[0]:g}, outside of {facts.least:g} to {most:g} (unit: {facts.unit})"
    return ""
