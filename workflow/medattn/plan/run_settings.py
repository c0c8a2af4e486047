"""Every setting of a run, defaults filled in and the grid point put in: what its record holds, and an audit anew."""

from collections.abc import Mapping
from typing import Any

from medattn.config.arms import arm_settings
from medattn.config.mechanisms import is_block_mechanism
from medattn.config.models.paper import Arm, Backbone
from medattn.config.models.recipe import Recipe
from medattn.config.networks.options import network_options
from medattn.plan.model import Cell, Run
from medattn.protocols.registry import protocol_of


def run_settings(cell: Cell, run: Run, grid_point: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a run as plain values.

    Args:
        cell: its cell.
        run: the run.
        grid_point: values of the arm's grid: the run's own, or those that cross-validation chose.

    Raises:
        UserError: the plan or the grid point holds a key or value that is wrong.
    """
    protocol = protocol_of(cell.settings["protocol"])
    arm = Arm.model_validate(cell.settings["arm"])
    recipe, options = arm_settings(arm, Recipe.model_validate(cell.settings["recipe"]), grid_point, cell.id)
    ends = {
        "protocol": protocol.model_dump(mode="json"),
        "grid_point": dict(grid_point),
        "seed": run.seed,
        "fold": run.fold,
    }
    if cell.is_classifier:
        return {"classifier": arm.classifier, "options": options, **ends}
    backbone = Backbone.model_validate(cell.settings["backbone"])
    return {
        "backbone": {
            **backbone.model_dump(mode="json", exclude={"label", "arms", "normalization"}),
            "options": network_options(backbone.model, backbone.options, cell.id),
        },
        "mechanism": arm.mechanism,
        "placement": arm.placement.model_dump(mode="json") if is_block_mechanism(arm.mechanism) else None,
        "options": options,
        "recipe": recipe.model_dump(mode="json"),
        **ends,
    }
