"""Estimated disk that a selection takes: files of runs and prepared images, from the plan alone."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from medattn.config.models.dataset import DatasetEntry
from medattn.config.resolved import Configuration
from medattn.plan.image_counts import RunImages, images_of_run
from medattn.plan.model import Cell, Plan, Run
from medattn.plan.speeds import parameters_of
from medattn.plan.stand_ins import planned_entries

WHOLE_BYTES = 1 << 24
"""Largest size of the scores of a run that are stored at every epoch (training/stored_scores.py)."""
_ATTENTION, _RECORD, _EPOCH = 110_000, 12_000, 80
"""Bytes of the attention of a network of blocks, of a record, and of a row of the history: about those of real runs."""


@dataclass
class DiskEstimate:
    """Estimated bytes of a selection.

    Attributes:
        scores: scores of all runs, finished ones included.
        other: further files of the runs.
        prepared: prepared images that are not there yet.
        while_training: most bytes of scores and checkpoints that lie on the disk while a run trains.
        unknown: data sets with an unknown number of images, which are not counted.
    """

    scores: int = 0
    other: int = 0
    prepared: int = 0
    while_training: int = 0
    unknown: list[str] = field(default_factory=list)


def estimate_disk(plan: Plan, configuration: Configuration) -> DiskEstimate:
    """Estimate the disk that the runs of a plan and their images take."""
    found, entries = DiskEstimate(), planned_entries(plan, configuration)
    prepared: dict[str, DatasetEntry] = {}
    for run in plan.runs.values():
        cell = plan.cells[run.cell]
        if cell.missing is not None:
            continue
        entry = entries[cell.dataset]
        prepared[cell.prepared] = entry
        splits = entry.known_images()
        if splits is None:
            if cell.dataset not in found.unknown:
                found.unknown.append(cell.dataset)
            continue
        images = images_of_run(run, cell, splits)
        found.scores += scores_bytes(run, cell, images, len(entry.classes))
        everything = all_epochs_bytes(cell, images, len(entry.classes))
        found.while_training = max(found.while_training, everything + 2 * _checkpoint_bytes(cell, entry))
        found.other += _RECORD + _EPOCH * epochs_of(cell) + (_ATTENTION if _saves_attention(run, cell) else 0)
    for folder, entry in prepared.items():
        if not Path(folder).is_dir():
            found.prepared += image_bytes(entry)
    return found


def image_bytes(entry: DatasetEntry) -> int:
    """Return the bytes of all images of a data set as they are stored; 0 if their number is unknown."""
    side, channels = entry.source.shape
    return sum((entry.known_images() or {}).values()) * side * side * channels


def all_epochs_bytes(cell: Cell, images: RunImages, classes: int) -> int:
    """Return the bytes of the scores of a run at all epochs."""
    return round(4 * classes * images.scored * epochs_of(cell))


def _checkpoint_bytes(cell: Cell, entry: DatasetEntry) -> int:
    """Return the bytes of a checkpoint: weights and the moments of the optimizer; 0 if the network is unknown."""
    if cell.is_classifier:
        return 0
    moments = {"sgd": 1}.get(cell.settings.recipe.optimizer, 2)
    return 4 * (1 + moments) * (parameters_of(cell, entry) or 0)


def scores_bytes(run: Run, cell: Cell, images: RunImages, classes: int) -> int:
    """Return the bytes of the scores of a run that are stored, with a different epoch for each reading."""
    everything, epochs, protocol = all_epochs_bytes(cell, images, classes), epochs_of(cell), cell.settings.protocol
    positions = round(16 * images.scored)
    others_decide = run.stage == "train" and protocol.chooses_epochs
    if everything <= WHOLE_BYTES or others_decide:
        return everything + positions
    kept = min(epochs, 2 if run.stage == "tune" else len(protocol.readings()) + 1)
    of_each_image = 5 if classes < 1 << 8 else 6  # predicted class and score of the image's own
    return min(everything, round(images.scored * (4 * classes * kept + of_each_image * epochs))) + positions


def epochs_of(cell: Cell) -> int:
    """Return the number of epochs of a cell's runs; 1 for a classifier on pixels."""
    return 1 if cell.is_classifier else cell.settings.recipe.epochs


def disk_lines(found: DiskEstimate, configuration: Configuration) -> Iterator[str]:
    """Yield the lines of `medattn plan`: the estimate, and a warning where a file system has less."""
    if not found.other and not found.unknown:
        return
    if not found.other:
        yield f"  disk: unknown for {', '.join(found.unknown)}"
        return
    unknown = f"; unknown for {', '.join(found.unknown)}" if found.unknown else ""
    yield (
        f"  disk: {size(found.scores)} of scores, {size(found.other)} of other files of runs, "
        f"{size(found.prepared)} of images to prepare{unknown}; up to {size(found.while_training)} more for each run "
        "in training"
    )
    results, data = Path(configuration.selection.results), Path(configuration.selection.data)
    of_runs = found.scores + found.other + found.while_training * configuration.selection.runs_at_once
    needs = [(results, of_runs), (data, found.prepared)]
    if _device(results) == _device(data):
        needs = [(results, of_runs + found.prepared)]
    for folder, needed in needs:
        free = _free(folder)
        if free is not None and free < needed:
            yield (
                f"  warning: {folder} is on a file system with {size(free)} free, and the selection takes about "
                f"{size(needed)}; free some space, or choose another folder"
            )


def size(count: float) -> str:
    """Format a number of bytes in decimal units."""
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count / 1e3:.0f} kB"


def _saves_attention(run: Run, cell: Cell) -> bool:
    return run.stage == "train" and cell.settings.mechanism not in (None, "none")


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    return next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())


def _device(folder: Path) -> int | None:
    try:
        return _existing(folder).stat().st_dev
    except OSError:
        return None


def _free(folder: Path) -> int | None:
    """Return the free bytes of a folder's file system; None if unknown."""
    try:
        return shutil.disk_usage(_existing(folder)).free
    except OSError:
        return None
