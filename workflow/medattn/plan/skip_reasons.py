"""Reasons to skip a cell: mechanism, network and images do not fit together, or images or weights are not available.

Planning calls these functions, so they import no numerical library. Whether a protocol can split the images of
a data set, the protocol itself says.
"""

from pathlib import Path

from medattn.config.arms import arm_settings, grid_points
from medattn.config.mechanisms import is_block_mechanism, mechanism_skip_reason
from medattn.config.models.dataset import DatasetEntry
from medattn.config.models.paper import Arm, Backbone
from medattn.config.models.recipe import Recipe
from medattn.config.networks.architectures import InsertionPoint, insertion_points
from medattn.config.networks.catalog import described, image_size, smallest_size, weights_model
from medattn.layout import weights_file


def network_skip_reason(backbone: Backbone, arm: Arm, recipe: Recipe, entry: DatasetEntry) -> str | None:
    """Say why images, network and mechanism don't fit together; return None if they do.

    Training decides the cases that depend on the built network: the smallest image of an unlisted network, and modules
    of `placement.after` that are no blocks of a listed one. An `input_size` that is too small is a configuration
    error.
    """
    image, small_stem = image_size(backbone, entry), backbone.stem == "small"
    smallest = None if small_stem else smallest_size(backbone.model, backbone.options)
    if smallest is not None and min(image) < smallest:
        network = described(backbone.model, backbone.options)
        return f"images of {image[0]} x {image[1]} are too small for {network}, which needs {smallest} px"
    try:
        if not is_block_mechanism(arm.mechanism):
            return None
        found = insertion_points(backbone.model, small_stem, arm.placement, image)
    except ValueError as error:
        return str(error)
    reasons = (_reason(arm, options, found) for options in _all_options(arm, recipe))
    return next((reason for reason in reasons if reason), None)


def missing_weights_reason(backbone: Backbone | None, data: Path) -> str | None:
    """Say which weights are not available and how to get them, or return None if all are.

    Args:
        backbone: image network; None for a classifier on pixels.
        data: folder of data.
    """
    source = weights_model(backbone.model) if backbone and backbone.weights == "imagenet" else None
    if source is None or weights_file(data, source).exists():
        return None
    return f"ImageNet weights not available: run `medattn fetch --weights {source}`"


def _reason(arm: Arm, options: dict[str, object], found: list[InsertionPoint]) -> str | None:
    for point in found:
        own = {**options, **arm.placement.options_at.get(point.path, {})}
        reason = mechanism_skip_reason(arm.mechanism, point.channels, point.size, own)
        if reason:
            height, width = point.size
            return f"{arm.mechanism} can't follow {point.path}, {point.channels} x {height} x {width}: {reason}"
    return None


def _all_options(arm: Arm, recipe: Recipe) -> list[dict[str, object]]:
    """Return the options at each point of the arm's grid; grid keys of the recipe are ignored."""
    grid = {key: values for key, values in arm.grid.items() if key.startswith("options.")}
    return [arm_settings(arm, recipe, point, arm.mechanism)[1] for point in grid_points(grid)]
