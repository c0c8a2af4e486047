"""Snapshots of the attention inside a trained network, for figures: maps, masks and distributions of a few images.

The images are selected by class and position, independently of their scores. Taking a snapshot changes no network and
draws no random number.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from medattn.attention.mechanism import BlockAttention
from medattn.config.models.recipe import Recipe
from medattn.training.loop import TrainingData
from medattn.training.network import AttendedNetwork
from medattn.training.numerics import autocast

Array = NDArray[Any]

IMAGES = 16
"""Largest number of images in a snapshot."""
PER_CLASS = 2
"""Largest number of images of one class."""
MASKED_IMAGES = 2
"""Number of images whose masks are saved by channel, for mechanisms with different weights for each channel."""
MASK_CHANNELS = 8
"""Number of channels of a saved mask, evenly spaced over all channels."""
QUANTILES = 101
"""Number of saved quantiles of a distribution: the minimum, every percent, the maximum."""


def snapshot_images(evaluated: NDArray[np.int64], labels: NDArray[np.int64], stored: int) -> NDArray[np.int64]:
    """Return the positions of the images in a snapshot: the first of every class, then the second, up to 16.

    Args:
        evaluated: positions of the test images.
        labels: labels of all images, stored ones first, then oversampled ones.
        stored: number of stored images; oversampled images, which are in no file, are left out.
    """
    own = np.sort(evaluated[evaluated < stored])
    of_class = [own[labels[own] == label][:PER_CLASS] for label in np.unique(labels[own])]
    ranked = [positions[rank] for rank in range(PER_CLASS) for positions in of_class if rank < len(positions)]
    return np.array(ranked[:IMAGES], dtype=np.int64)


def attention_snapshot(
    network: AttendedNetwork, data: TrainingData, recipe: Recipe, images: NDArray[np.int64]
) -> dict[str, Array]:
    """Return the arrays of a snapshot by name; empty where the network has no attention inside.

    Args:
        network: trained network; it is left in evaluation mode.
        data: images of the run.
        recipe: recipe of the run, which determines the precision.
        images: positions of the N images in the snapshot.

    Returns:
        `images` and `labels` (N). For each attention module, `<path>/<name>` with its path in the backbone, as far as
        the mechanism has it: `map` (N x H x W); `mask`, the weights of some `channels` for the first images (float16,
        2 x 8 x H x W); and the quantiles of each distribution under its name (rows x 101).
    """
    network.eval()
    chosen = torch.from_numpy(images).to(data.evaluated.device)
    with autocast(recipe, chosen.device):
        seen = network.at_blocks(data.normalize(data.images.taken(chosen)), _look)
    if not seen:
        return {}
    blocks = {f"{path}/{name}": array for path, of_block in seen.items() for name, array in of_block.items()}
    return {"images": images, "labels": data.images.labels[chosen].cpu().numpy(), **blocks}


def _look(module: BlockAttention, features: Tensor) -> dict[str, Array]:
    """Return the arrays of one attention module for its input `features`."""
    kept: dict[str, Array] = {}
    weight_map, weights = module.weight_map(features), module.weights(features)
    if weight_map is not None:
        kept["map"] = _array(weight_map)
    if weight_map is not None and weights is not None and weights.shape == features.shape:
        channels = np.linspace(0, weights.shape[1] - 1, min(MASK_CHANNELS, weights.shape[1])).astype(np.int64)
        kept["channels"] = channels
        masks = weights[:MASKED_IMAGES, torch.from_numpy(channels).to(weights.device)]
        kept["mask"] = _array(masks).astype(np.float16)
    for name, values in module.distributions(features).items():
        kept[name] = quantiles(_array(values))
    return kept


def quantiles(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 101 evenly spaced quantiles of each row, R x 101; values between two elements are interpolated."""
    kept: NDArray[np.float32] = np.quantile(rows, np.linspace(0, 1, QUANTILES), axis=1).T.astype(np.float32)
    return kept


def _array(values: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = values.detach().float().cpu().numpy().astype(np.float32)
    return array
