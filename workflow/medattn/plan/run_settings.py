"""The complete settings of a run, with defaults and grid point, for its record and for the audit of the record."""

from collections.abc import Mapping
from typing import Any

from medattn.config.arms import arm_settings
from medattn.config.mechanisms import is_block_mechanism
from medattn.config.networks.catalog import network_options
from medattn.plan.model import Cell, Run


def run_settings(cell: Cell, run: Run, grid_point: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a run as plain values.

    Args:
        cell: cell of the run.
        run: the run.
        grid_point: values of the arm's grid: those of the run, or those chosen by `tune`.

    Raises:
        UserError: the plan or the grid point has an invalid key or value.
    """
    protocol = cell.settings.protocol
    arm = cell.settings.arm
    recipe, options = arm_settings(arm, cell.settings.recipe, grid_point, cell.id)
    common = {
        "protocol": protocol.model_dump(mode="json"),
        "grid_point": dict(grid_point),
        "seed": run.seed,
        "fold": run.fold,
    }
    if cell.is_classifier:
        return {"classifier": arm.classifier, "options": options, **common}
    backbone = cell.settings.backbone
    assert backbone is not None
    return {
        "backbone": {
            **backbone.model_dump(mode="json", exclude={"label", "arms", "normalization"}),
            "options": network_options(backbone.model, backbone.options, cell.id),
        },
        "mechanism": arm.mechanism,
        "placebo": arm.placebo,
        "placement": arm.placement.model_dump(mode="json") if is_block_mechanism(arm.mechanism) else None,
        "options": options,
        "recipe": recipe.model_dump(mode="json"),
        **common,
    }
