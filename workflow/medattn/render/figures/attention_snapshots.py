"""Attention inside networks, as saved by runs, by stage."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medattn.config.networks.architectures import architecture_of
from medattn.measure.attention_overlap import Overlap, attention_overlap
from medattn.plan.finished_run import FinishedRun
from medattn.render.figures.images import Array, at_size, region_of
from medattn.render.run_lookup import arrays_of


@dataclass(frozen=True)
class AttentionSnapshot:
    """Attention inside the network of a run, on a few test images.

    Attributes:
        run: the run.
        positions: positions of the images in the data set, N.
        blocks: path of the last block with attention in each stage, by the number of the stage.
    """

    run: FinishedRun
    positions: NDArray[np.int64]
    blocks: dict[int, str]
    _arrays: dict[str, NDArray[np.generic]]

    @property
    def epoch(self) -> int | None:
        """Epoch after which the run saved the attention; None if the file does not state it."""
        epoch = self._arrays.get("epoch")
        return None if epoch is None else int(epoch.astype(np.int64)[0])

    def maps(self, stage: int) -> Array | None:
        """Return the maps of a stage, N x H x W, or None if its weights are not spatial."""
        return self._of(stage, "map")

    def masks(self, stage: int) -> tuple[Array, list[int]] | None:
        """Return the saved channels of the weights, N x channels x H x W, and the channels' indices, or None."""
        masks = self._of(stage, "mask")
        if masks is None:
            return None
        return masks, [int(channel) for channel in self._arrays[f"{self.blocks[stage]}/channels"]]

    def quantiles(self, stage: int, name: str) -> Array | None:
        """Return the saved quantiles of the distributions `name`, distributions x quantiles, or None."""
        return self._of(stage, name)

    def overlaps(self, stage: int) -> list[Overlap]:
        """Return the overlap of each image's map with the informative region; empty if no region is known."""
        maps, region = self.maps(stage), region_of(Path(self.run.cell.prepared))
        if maps is None or region is None:
            return []
        return [attention_overlap(at_size(of_image, region.shape), region) for of_image in maps]

    def _of(self, stage: int, name: str) -> Array | None:
        array = self._arrays.get(f"{self.blocks[stage]}/{name}") if stage in self.blocks else None
        return None if array is None else array.astype(np.float32)


def epochs_sentence(snapshots: Iterable[AttentionSnapshot]) -> str:
    """Return the sentence with the epochs after which runs saved their attention; empty if no run states one."""
    epochs = sorted({snapshot.epoch for snapshot in snapshots if snapshot.epoch is not None})
    if not epochs:
        return ""
    return f"Attention after {'epoch' if len(epochs) == 1 else 'epochs'} {', '.join(map(str, epochs))}."


def attention_snapshot(run: FinishedRun) -> AttentionSnapshot | None:
    """Read the attention that a run saved, or return None if it saved none.

    Raises:
        UserError: the file is not the one that the run's record names.
    """
    arrays = arrays_of(run, run.files.attention.name)
    if not arrays:
        return None
    paths = {name.rpartition("/")[0] for name in arrays} - {""}
    ordered = sorted(paths, key=_in_order)
    return AttentionSnapshot(
        run, arrays["images"].astype(np.int64), _by_stage(run.cell.settings.model or "", ordered), arrays
    )


def _by_stage(model: str, paths: list[str]) -> dict[int, str]:
    structure = architecture_of(model)
    if structure is None:
        return dict(enumerate(paths, start=1))
    blocks = {block: number for number, stage in enumerate(structure.stages, start=1) for block in stage.blocks}
    found = {number: path for path in paths for block, number in blocks.items() if f"{path}.".startswith(f"{block}.")}
    return dict(sorted(found.items())) or dict(enumerate(paths, start=1))


def _in_order(path: str) -> list[tuple[int, str]]:
    """Return a sort key that orders module paths numerically: features.9 before features.17."""
    return list(_parts(path))


def _parts(path: str) -> Iterator[tuple[int, str]]:
    for part in path.split("."):
        yield (int(part), "") if part.isdecimal() else (-1, part)
