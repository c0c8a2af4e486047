"""Whether a mechanism fits into a network, and images into both. Planning asks this: no numerical library."""

from medattn.config.arms import arm_settings
from medattn.config.mechanisms import is_block_mechanism, mechanism_skip_reason
from medattn.config.models.dataset import DatasetEntry
from medattn.config.models.paper import Arm, Backbone
from medattn.config.models.recipe import Recipe
from medattn.config.networks.architectures import Place, places
from medattn.config.networks.options import described, smallest_size
from medattn.plan.grid import grid_points


def image_size(backbone: Backbone, entry: DatasetEntry) -> tuple[int, int]:
    """Return the (H, W) of the images that the network sees."""
    size = backbone.input_size or entry.source.shape[0]
    return size, size


def network_skip_reason(backbone: Backbone, arm: Arm, recipe: Recipe, entry: DatasetEntry) -> str | None:
    """Say why the images of a data set, the network and the arm's mechanism don't fit together, or None if they do.

    What can't be known before the network is built (the smallest image of a network that is not known here, modules
    that the placement names and that are no blocks of a known network) is left to the training, where it ends the run
    with its reason. An `input_size` that is too small is refused with the configuration.
    """
    image, small_stem = image_size(backbone, entry), backbone.stem == "small"
    smallest = None if small_stem else smallest_size(backbone.model, backbone.options)
    if smallest is not None and min(image) < smallest:
        network = described(backbone.model, backbone.options)
        return f"images of {image[0]} x {image[1]} are too small for {network}, which needs {smallest} px"
    try:
        if not is_block_mechanism(arm.mechanism):
            return None
        found = places(backbone.model, small_stem, arm.placement, image)
    except ValueError as error:
        return str(error)
    reasons = (_reason(arm, options, found) for options in _all_options(arm, recipe))
    return next((reason for reason in reasons if reason), None)


def _reason(arm: Arm, options: dict[str, object], found: list[Place]) -> str | None:
    for place in found:
        own = {**options, **arm.placement.options_at.get(place.path, {})}
        reason = mechanism_skip_reason(arm.mechanism, place.channels, place.size, own)
        if reason:
            height, width = place.size
            return f"{arm.mechanism} can't stand behind {place.path}, {place.channels} x {height} x {width}: {reason}"
    return None


def _all_options(arm: Arm, recipe: Recipe) -> list[dict[str, object]]:
    """Return the options at each point of the arm's grid, as far as the grid changes options."""
    grid = {key: values for key, values in arm.grid.items() if key.startswith("options.")}
    return [arm_settings(arm, recipe, point, arm.mechanism)[1] for point in grid_points(grid)]
