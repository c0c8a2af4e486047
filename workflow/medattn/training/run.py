"""The life of one run of a network: its images, its checkpoint, its epochs, its files."""

import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from medattn.backbones.weights import weights_sha256
from medattn.config.arms import arm_settings
from medattn.config.mechanisms import is_block_mechanism
from medattn.config.models.paper import Arm, Backbone
from medattn.config.models.recipe import Recipe
from medattn.config.networks.options import weights_model
from medattn.datasets.store import DataStore
from medattn.errors import StopRequested
from medattn.files import disk_errors, read_json, write_json
from medattn.layout import RunPaths
from medattn.plan.model import Cell, Run
from medattn.plan.run_settings import run_settings
from medattn.protocols.registry import protocol_of
from medattn.training.attention_snapshots import kept_images
from medattn.training.checkpoint import read_checkpoint, write_checkpoint
from medattn.training.device_context import DeviceContext
from medattn.training.gpu_memory import forget_peak, gpu_memory
from medattn.training.history import write_history
from medattn.training.images import ResidentImages, normalization_for
from medattn.training.loop import TrainingData, TrainingState, train_epochs
from medattn.training.measured_attention import MeasuredAttention
from medattn.training.network import build_network
from medattn.training.numerics import fix_numerics, numerics_record
from medattn.training.oversampling import make_copies
from medattn.training.run_record import now, write_arrays, write_record
from medattn.training.split_identity import split_sha256
from medattn.training.splits import SplitOfRun, split_of_run

Progress = Callable[[int, int], None]


def train_run(
    run: Run,
    cell: Cell,
    grid_point: Mapping[str, Any],
    store: DataStore,
    device_context: DeviceContext,
    files: RunPaths,
    data: Path,
    checkpoint_seconds: float,
    progress: Progress,
) -> None:
    """Train one run to its end and write its files; go on from its checkpoint where there is one.

    Args:
        run: the run.
        cell: its cell.
        grid_point: values of the arm's grid: the run's own, or those that cross-validation chose.
        store: the prepared data set.
        device_context: what the runs of this process share.
        files: where the run's files go.
        data: folder under which ImageNet weights lie.
        checkpoint_seconds: least seconds between two checkpoints.
        progress: called with finished epochs and all epochs after each epoch.

    Raises:
        UserError: the disk refuses, or something that the user can mend is missing.
    """
    protocol = protocol_of(cell.settings["protocol"])
    backbone = Backbone.model_validate(cell.settings["backbone"])
    arm = Arm.model_validate(cell.settings["arm"])
    recipe, options = arm_settings(arm, Recipe.model_validate(cell.settings["recipe"]), grid_point, cell.id)
    fix_numerics(recipe)
    forget_peak(device_context.device)

    split = split_of_run(store, run, protocol, recipe.oversampling)
    training_data = _training_data(device_context.images(store, backbone.input_size), split, recipe)
    sees_all = arm.mechanism != "none" and not is_block_mechanism(arm.mechanism)
    images = training_data.normalized_training_images(None if sees_all else 1)
    network = build_network(backbone, arm.mechanism, options, len(store.classes), images, run.seed, data, arm.placement)
    del images

    with disk_errors(files.folder):
        files.folder.mkdir(parents=True, exist_ok=True)
    state = read_checkpoint(files.checkpoint, device_context.device)
    sessions = _Sessions(files, len(state.history), len(split.training))
    sessions.write(len(state.history))  # at once: also a session that is killed in its first epoch was one

    checkpoints = _Checkpoints(files.checkpoint, checkpoint_seconds)
    stored = sum(len(part.labels) for part in store.splits.values())
    shown = kept_images(split.evaluated, training_data.images.labels.cpu().numpy(), stored)
    attention = MeasuredAttention(files.attention, network, training_data, recipe, protocol, shown)

    def keep(state: TrainingState) -> None:
        if run.stage == "train":
            attention.after_epoch(state)
        if not state.ended(recipe):  # what has ended is kept by the files below, which take less long to write
            checkpoints.write_if_due(state)
        sessions.write(len(state.history))
        try:
            progress(len(state.history), recipe.epochs)
        except StopRequested:
            checkpoints.write(state)
            raise

    same = (cell.id, recipe.model_dump_json(), repr(sorted(options.items())))
    work = partial(device_context.graphs.of, same)
    train_epochs(network, training_data, recipe, run.seed, state, keep, work)

    write_history(files.history, state.history, split.evaluated_name)
    write_arrays(files.scores, _scores(training_data, split, state))
    after = network.eval().attention_map()
    if after is not None and state.map_before is not None:
        write_arrays(files.maps, {"before": state.map_before.numpy(), "after": after.numpy()})
    source = weights_model(backbone.model) if backbone.weights == "imagenet" else None
    weights = {"weights_sha256": weights_sha256(source, data)} if source else {}
    write_record(
        files,
        run,
        cell,
        history=state.history,
        resolved=run_settings(cell, run, grid_point),
        data={**data_record(store, split, cell), **weights},
        numerics=numerics_record(recipe, device_context.device),
        resources={**gpu_memory(device_context.device), **device_context.graphs.record()},
        sessions=sessions.all(len(state.history)),
    )
    files.checkpoint.unlink(missing_ok=True)
    sessions.forget()
    files.failure.unlink(missing_ok=True)


def data_record(store: DataStore, split: SplitOfRun, cell: Cell) -> dict[str, Any]:
    """Return what a record says of the images of a run."""
    manifest = store.manifest
    copies = {} if split.copies is None else {"copies": len(split.copies.sources)}
    validation = {"validation_images": len(split.validation)} if len(split.validation) else {}
    return {
        "dataset": manifest["dataset"],
        "entry_sha256": manifest["entry_sha256"],
        "stand_in": manifest["stand_in"],
        "files": manifest["files"],
        "split_sha256": split_sha256(split),
        "training_images": len(split.training),
        "evaluated_images": len(split.evaluated),
        "evaluated": split.evaluated_name,
        **copies,
        **validation,
        **({"leak": cell.leak} if cell.leak else {}),
    }


def _training_data(images: ResidentImages, split: SplitOfRun, recipe: Recipe) -> TrainingData:
    device = images.pixels.device  # positions lie where the images are
    if split.copies is not None:
        sources = torch.from_numpy(split.copies.sources).to(device)
        images = images.extended(make_copies(images.pixels, split.copies), images.labels[sources])
    parts = (split.training, split.evaluated, split.validation)
    training, evaluated, validation = (torch.from_numpy(part).to(device) for part in parts)
    return TrainingData(images, training, evaluated, normalization_for(recipe, images, training), validation)


def _scores(data: TrainingData, split: SplitOfRun, state: TrainingState) -> dict[str, np.ndarray]:
    """Return scores, labels and positions of the evaluated and, where there are any, of the validation images."""
    scores = np.stack([epoch.numpy() for epoch in state.scores])
    labels, evaluated = data.images.labels[data.scored].cpu().numpy(), len(split.evaluated)
    arrays = {"scores": scores[:, :evaluated], "labels": labels[:evaluated], "images": split.evaluated}
    if len(split.validation):
        arrays["validation_scores"] = scores[:, evaluated:]
        arrays["validation_labels"] = labels[evaluated:]
        arrays["validation_images"] = split.validation
    return arrays


class _Checkpoints:
    """Checkpoints of one run, with at least so many seconds between two of them."""

    def __init__(self, path: Path, seconds: float) -> None:
        self._path, self._seconds = path, seconds
        self._epochs, self._clock = 0, -math.inf

    def write_if_due(self, state: TrainingState) -> None:
        """Write a checkpoint unless the last one is too recent."""
        if time.monotonic() - self._clock >= self._seconds:
            self.write(state)

    def write(self, state: TrainingState) -> None:
        """Write a checkpoint unless the last one is of this very epoch."""
        if len(state.history) != self._epochs:
            write_checkpoint(self._path, state)
            self._epochs, self._clock = len(state.history), time.monotonic()


class _Sessions:
    """The processes that have worked on a run, kept beside its checkpoint so that a record can name them all."""

    _KEPT = ("started", "seconds", "epochs_at_end")

    def __init__(self, files: RunPaths, epochs: int, training_images: int) -> None:
        self._path = files.sessions
        earlier = read_json(self._path) if self._path.exists() else []
        self._earlier: list[dict[str, Any]] = [{key: session[key] for key in self._KEPT} for session in earlier]
        # What `medattn status` makes a speed of.
        self._shown = {"epochs_at_start": epochs, "training_images": training_images}
        self._started = now()
        self._clock = time.perf_counter()

    def all(self, epochs: int) -> list[dict[str, Any]]:
        """Return earlier sessions and this one."""
        seconds = round(time.perf_counter() - self._clock, 3)
        return [*self._earlier, {"started": self._started, "seconds": seconds, "epochs_at_end": epochs}]

    def write(self, epochs: int) -> None:
        """Note how far this session has come."""
        *earlier, session = self.all(epochs)
        write_json(self._path, [*earlier, {**session, **self._shown}])

    def forget(self) -> None:
        """Remove the note; the record holds it now."""
        self._path.unlink(missing_ok=True)
