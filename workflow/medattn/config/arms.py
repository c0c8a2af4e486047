"""Validation of an arm, and its settings at the points of its hyper-parameter grid."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from medattn.config.mechanisms import is_block_mechanism, mechanism_options
from medattn.config.models.classifiers import CLASSIFIER_OPTIONS
from medattn.config.models.figure import Figure
from medattn.config.models.paper import Arm
from medattn.config.models.placement import EVERYWHERE
from medattn.config.models.recipe import Recipe
from medattn.config.overrides import override_keys
from medattn.config.renamed_keys import unknown_key
from medattn.config.validation import below, validated
from medattn.errors import UserError
from medattn.protocols.base import MeasurementProtocol
from medattn.suggestions import unknown_name


def check_arm(arm: Arm, recipe: Recipe, protocol: MeasurementProtocol, where: str) -> None:
    """Check mechanism, options, grid and placement of an arm.

    Args:
        arm: the arm.
        recipe: recipe of its runs.
        protocol: protocol of its runs.
        where: file and path of the arm.

    Raises:
        UserError: one of them is invalid, or a point of the grid trains fewer epochs than the protocol measures.
    """
    for grid_point in _corners(arm):
        trained, _ = arm_settings(arm, recipe, grid_point, where)
        if protocol.needed_epochs > trained.epochs:
            raise UserError(
                f"{below(where, 'grid', 'recipe.epochs')}: trains only {trained.epochs} epochs, "
                f"but protocol.measured_epochs measures {protocol.needed_epochs}"
            )
    _check_placement(arm, where)


def _check_placement(arm: Arm, where: str) -> None:
    if arm.placement == EVERYWHERE or is_block_mechanism(arm.mechanism):
        return
    reason = "the arm has no mechanism" if arm.mechanism == "none" else f"'{arm.mechanism}' works on the input images"
    raise UserError(f"{below(where, 'placement')}: {reason}, and nothing is inserted into the network; remove the key")


def check_varied(figure: Figure, arms: Mapping[str, Arm], recipe: Recipe, where: str) -> None:
    """Check that the arm of a figure has each option that the figure varies, and that it is a number.

    Args:
        figure: the figure.
        arms: the arms of its experiment; a figure of another arm shows nothing.
        recipe: recipe of their runs.
        where: file and path of the figure.

    Raises:
        UserError: there is no such option, or it is not numeric.
    """
    if figure.varied is None or figure.arm is None or figure.arm not in arms:
        return
    _, options = arm_settings(arms[figure.arm], recipe, {}, where)
    for option in figure.varied:
        if option not in options:
            raise UserError(f"{below(where, 'varied')}: {unknown_name('option', option, options)}")
        if isinstance(options[option], bool) or not isinstance(options[option], int | float):
            raise UserError(f"{below(where, 'varied')}: the option '{option}' is not numeric")


def _corners(arm: Arm) -> list[dict[str, Any]]:
    """Return grid points that together contain every value of the arm's grid."""
    longest = max((len(values) for values in arm.grid.values()), default=1)
    return [{key: values[min(i, len(values) - 1)] for key, values in arm.grid.items()} for i in range(longest)]


def grid_points(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Return all combinations of a grid's values, the last key varying fastest; one empty point for an empty grid."""
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def arm_settings(arm: Arm, recipe: Recipe, grid_point: Mapping[str, Any], where: str) -> tuple[Recipe, dict[str, Any]]:
    """Return the recipe and the options, defaults included, of an arm at one point of its grid.

    Raises:
        UserError: a key or value of the options or the grid is invalid.
    """
    model = _options_model(arm, where)
    valid = [f"recipe.{key}" for key in Recipe.model_fields]
    valid += [f"options.{key}" for key in model.model_fields] if model else []
    parts: dict[str, dict[str, Any]] = {"recipe": {}, "options": {}}
    for key, value in grid_point.items():
        if key not in valid:
            raise UserError(f"{below(where, 'grid')}: {unknown_key(key, valid)}")
        head, _, tail = key.partition(".")
        parts[head][tail] = value
    recipe = override_keys(recipe, parts["recipe"], below(where, "grid", "recipe"))
    if model is None:
        if arm.options:
            raise UserError(f"{below(where, 'options')}: the mechanism 'none' has no options")
        return recipe, {}
    in_grid = {key: below(where, "grid", f"options.{key}") for key in parts["options"]}
    options = validated(model, {**arm.options, **parts["options"]}, below(where, "options"), in_grid)
    for path, changes in arm.placement.options_at.items():
        validated(model, {**options.model_dump(), **changes}, below(where, "placement", "options_at", path))
    return recipe, options.model_dump()


def _options_model(arm: Arm, where: str) -> type[BaseModel] | None:
    if arm.classifier:
        return CLASSIFIER_OPTIONS[arm.classifier]
    if arm.mechanism == "none":
        return None
    try:
        return mechanism_options(arm.mechanism)
    except UserError as error:
        raise UserError(f"{below(where, 'mechanism')}: {error}") from error
