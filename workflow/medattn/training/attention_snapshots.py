"""What is kept of the attention inside a trained network, for figures: maps, masks and distributions of a few images.

The images are taken by class and position, before anything is known of their scores. Nothing here changes a network or
draws a random number.
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
"""At most so many images are shown to the network."""
PER_CLASS = 2
"""At most so many of them are of one class."""
MASKED_IMAGES = 2
"""Of the first so many images, single channels are kept where weights differ from channel to channel."""
MASK_CHANNELS = 8
"""So many channels, evenly spread over all."""
QUANTILES = 101
"""Of a distribution, so many evenly spaced quantiles are kept: the least, every percent, the greatest."""


def snapshot_images(evaluated: NDArray[np.int64], labels: NDArray[np.int64], stored: int) -> NDArray[np.int64]:
    """Return the positions of the images that are shown: the first of every class, then the second, up to 16.

    Args:
        evaluated: positions of the test images.
        labels: of all images, copies of rare classes behind the stored ones.
        stored: number of stored images; copies are not shown, as they stand in no file.
    """
    own = np.sort(evaluated[evaluated < stored])
    of_class = [own[labels[own] == label][:PER_CLASS] for label in np.unique(labels[own])]
    ranked = [positions[rank] for rank in range(PER_CLASS) for positions in of_class if rank < len(positions)]
    return np.array(ranked[:IMAGES], dtype=np.int64)


def attention_snapshot(
    network: AttendedNetwork, data: TrainingData, recipe: Recipe, images: NDArray[np.int64]
) -> dict[str, Array]:
    """Return what is kept of the attention inside `network`, by name; nothing where there is none.

    Args:
        network: as trained; it is left in evaluation.
        data: the images of the run.
        recipe: its recipe, which says how numbers are rounded.
        images: positions of the shown images, N of them.

    Returns:
        `images` and `labels` (N); for each attended block, after its path in the backbone and a slash, as far as its
        mechanism has them: `map` (N x H x W); `mask`, weights of single `channels` (float16, of the first images:
        2 x 8 x H x W); and, under the name of each distribution, its quantiles (rows x 101).
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
    """Return what is kept of one block."""
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
    """Return 101 evenly spaced quantiles of each row, R x 101; those between two values are interpolated."""
    kept: NDArray[np.float32] = np.quantile(rows, np.linspace(0, 1, QUANTILES), axis=1).T.astype(np.float32)
    return kept


def _array(values: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = values.detach().float().cpu().numpy().astype(np.float32)
    return array
