"""What runs have kept of the attention inside their networks, by stage."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medattn.config.networks.architectures import architecture_of
from medattn.measure.attention_overlap import Overlap, attention_overlap
from medattn.render.figures.images import Array, at_size, region_of
from medattn.render.run_lookup import FinishedRun, arrays_of


@dataclass(frozen=True)
class AttentionSnapshot:
    """The attention inside one network, on the images that its run has kept.

    Attributes:
        found: the run.
        positions: where the images stand in the data set, N.
        blocks: path of the last block with attention in each stage, by the number of the stage.
    """

    found: FinishedRun
    positions: NDArray[np.int64]
    blocks: dict[int, str]
    _arrays: dict[str, NDArray[np.generic]]

    @property
    def epoch(self) -> int | None:
        """Epoch after which the attention was kept; None where the run does not say."""
        epoch = self._arrays.get("epoch")
        return None if epoch is None else int(epoch.astype(np.int64)[0])

    def maps(self, stage: int) -> Array | None:
        """Return the maps of a stage, N x H x W, or None where its weights have no place in the image."""
        return self._of(stage, "map")

    def masks(self, stage: int) -> tuple[Array, list[int]] | None:
        """Return single channels of the weights, images x channels x H x W, with the channels' numbers, or None."""
        masks = self._of(stage, "mask")
        if masks is None:
            return None
        return masks, [int(channel) for channel in self._arrays[f"{self.blocks[stage]}/channels"]]

    def quantiles(self, stage: int, name: str) -> Array | None:
        """Return the kept quantiles of the distributions `name`, rows x quantiles, or None where there are none."""
        return self._of(stage, name)

    def overlaps(self, stage: int) -> list[Overlap]:
        """Return how well the map of each image finds the region that is known to matter; none where none is known."""
        maps, region = self.maps(stage), region_of(Path(self.found.cell.prepared))
        if maps is None or region is None:
            return []
        return [attention_overlap(at_size(of_image, region.shape), region) for of_image in maps]

    def _of(self, stage: int, name: str) -> Array | None:
        array = self._arrays.get(f"{self.blocks[stage]}/{name}") if stage in self.blocks else None
        return None if array is None else array.astype(np.float32)


def epochs_sentence(kept: Iterable[AttentionSnapshot]) -> str:
    """Return after which epochs attention was kept, as a sentence; empty where no run says so."""
    epochs = sorted({snapshot.epoch for snapshot in kept if snapshot.epoch is not None})
    if not epochs:
        return ""
    return f"Attention after {'epoch' if len(epochs) == 1 else 'epochs'} {', '.join(map(str, epochs))}."


def attention_snapshot(found: FinishedRun) -> AttentionSnapshot | None:
    """Read what a run has kept, or nothing where it has kept nothing.

    Raises:
        UserError: the file is not the one that the run's record names.
    """
    arrays = arrays_of(found, found.files.attention.name)
    if not arrays:
        return None
    paths = {name.rpartition("/")[0] for name in arrays} - {""}
    ordered = sorted(paths, key=_in_order)
    return AttentionSnapshot(
        found, arrays["images"].astype(np.int64), _by_stage(found.cell.settings["backbone"]["model"], ordered), arrays
    )


def _by_stage(model: str, paths: list[str]) -> dict[int, str]:
    structure = architecture_of(model)
    if structure is None:
        return dict(enumerate(paths, start=1))
    blocks = {block: number for number, stage in enumerate(structure.stages, start=1) for block in stage.blocks}
    found = {number: path for path in paths for block, number in blocks.items() if f"{path}.".startswith(f"{block}.")}
    return dict(sorted(found.items())) or dict(enumerate(paths, start=1))


def _in_order(path: str) -> list[tuple[int, str]]:
    """Return a key that sorts paths as they stand in a network: features.9 before features.17."""
    return list(_parts(path))


def _parts(path: str) -> Iterator[tuple[int, str]]:
    for part in path.split("."):
        yield (int(part), "") if part.isdecimal() else (-1, part)
