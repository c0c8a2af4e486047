"""Training of one network: images, checkpoint, epochs, and the files of the run."""

import logging
from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from medattn.attention.placebo import strengths
from medattn.backbones.weights import weights_sha256
from medattn.config.arms import arm_settings
from medattn.config.networks.catalog import weights_model
from medattn.datasets.tensor_file import write_tensors
from medattn.errors import StopRequested
from medattn.files import atomic_write, disk_errors, write_bytes
from medattn.layout import RunPaths
from medattn.training.attention_snapshots import snapshot_images
from medattn.training.checkpoint import CheckpointWriter, read_checkpoint
from medattn.training.device import peak_memory, reset_peak_memory
from medattn.training.device_context import DeviceContext
from medattn.training.history import write_history
from medattn.training.loop import TrainingData, TrainingState, train_epochs
from medattn.training.measured_attention import MeasuredAttention
from medattn.training.network import AttendedNetwork, NetworkSpec, build_network
from medattn.training.numerics import fix_numerics, numerics_record, recorded_nondeterminism
from medattn.training.run_record import TrainingOutcome, data_record, write_arrays, write_record
from medattn.training.score_log import DamagedScoresError, ScoreLog
from medattn.training.sessions import Sessions
from medattn.training.splits import SplitOfRun, split_of_run
from medattn.training.stored_scores import stored_arrays
from medattn.training.task import RunTask, TrainingOptions

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]


def train_run(task: RunTask, device_context: DeviceContext, options: TrainingOptions, progress: Progress) -> None:
    """Train one run from its checkpoint, or from the start, to its end, and write its files.

    Args:
        task: the run.
        device_context: the device and what it caches for all runs of this process.
        options: options that do not change the result.
        progress: called with the number of finished epochs and of all epochs after each epoch.

    Raises:
        UserError: the disk is full or read-only, or ImageNet weights are missing.
        Skipped: the network can't be built for images of this size.
    """
    run, cell, store, files = task.run, task.cell, task.store, task.files
    backbone, arm = cell.settings.backbone, cell.settings.arm
    assert backbone is not None
    recipe, hyperparameters = arm_settings(arm, cell.settings.recipe, task.grid_point, cell.id)
    fix_numerics(recipe)
    reset_peak_memory(device_context.device)

    split = split_of_run(store, run, cell.settings.protocol, recipe.oversampling)
    data = TrainingData.of(device_context.images(store, backbone.input_size), split, recipe)
    spec = NetworkSpec(backbone, len(store.classes), arm.mechanism, hyperparameters, arm.placement, arm.placebo)
    network = build_network(spec, data.training_images_for(spec), run.seed, options.data)

    with disk_errors(files.folder):
        files.folder.mkdir(parents=True, exist_ok=True)
    state, scores = _resumed(files, device_context.device, data, len(store.classes))
    log.debug("training from epoch %d/%d on %s", len(state.history) + 1, recipe.epochs, device_context.device)
    sessions = Sessions(files, len(state.history), len(split.training))
    sessions.write(len(state.history))  # at once: a session that is killed in its first epoch counts, too
    checkpoints = CheckpointWriter(files.checkpoint, options.checkpoint, scores.flush)

    stored = sum(len(part.labels) for part in store.splits.values())
    shown = snapshot_images(split.evaluated, data.images.labels.cpu().numpy(), stored)
    attention = MeasuredAttention(files.attention_so_far, network, data, recipe, cell.settings.protocol, shown)

    def after_epoch(state: TrainingState) -> None:
        try:
            if run.stage == "train":
                attention.after_epoch(state)
            progress(len(state.history), recipe.epochs)  # before the checkpoint, since it checks the lease
            if not state.ended(recipe):  # at the end, writing the run's files takes less time than a checkpoint
                checkpoints.write_if_due(state)
        except StopRequested:
            if run.stage == "train":
                attention.after_epoch(state)  # the signal may have interrupted it
            checkpoints.write(state)
            sessions.write(len(state.history))
            raise
        sessions.write(len(state.history))

    key = (cell.id, recipe.model_dump_json(), repr(sorted(hyperparameters.items())))
    prepare_step = partial(device_context.graphs.step, key)
    with recorded_nondeterminism() as nondeterministic:
        train_epochs(network, data, recipe, run.seed, state, after_epoch, prepare_step, len(store.classes))

    write_history(files.history, state.history, split.evaluated_name)
    arrays = stored_arrays(_scores(data, split, scores), state.history, cell.settings.protocol, run.stage)
    atomic_write(files.scores, lambda path: write_tensors(path, arrays))
    if files.attention_so_far.exists():
        write_bytes(files.attention, files.attention_so_far.read_bytes())
    maps = _attention_maps(network, state)
    if maps:
        write_arrays(files.maps, maps)
    source = weights_model(backbone.model) if backbone.weights == "imagenet" else None
    weights = {"weights_sha256": weights_sha256(source, options.data)} if source else {}
    write_record(
        task,
        TrainingOutcome(
            history=state.history,
            data={**data_record(store, split, cell), **weights},
            numerics=numerics_record(recipe, device_context.device, nondeterministic),
            constants=strengths(network),
            resources={**peak_memory(device_context.device), **device_context.graphs.record()},
            sessions=sessions.all(len(state.history)),
        ),
    )
    scores.close()
    files.partial_scores.unlink(missing_ok=True)
    files.checkpoint.unlink(missing_ok=True)
    files.attention_so_far.unlink(missing_ok=True)
    sessions.remove()
    files.failure.unlink(missing_ok=True)


def _attention_maps(network: AttendedNetwork, state: TrainingState) -> dict[str, np.ndarray]:
    """Return the map of the attention on the input before and after training; empty where the arm has none."""
    after = network.eval().attention_map()
    if after is None or state.map_before is None:
        return {}
    return {"before": state.map_before.numpy(), "after": after.numpy()}


def _resumed(files: RunPaths, device: torch.device, data: TrainingData, classes: int) -> tuple[TrainingState, ScoreLog]:
    """Return the state of the checkpoint, or an empty one, with the file of the scores up to its epoch."""
    state, images = read_checkpoint(files.checkpoint, device), len(data.scored)
    try:
        scores = ScoreLog(files.partial_scores, images, classes, len(state.history))
    except DamagedScoresError as error:
        log.warning("%s: damaged scores (%s); the run starts again", files.partial_scores, error)
        state, scores = TrainingState(), ScoreLog(files.partial_scores, images, classes)
    state.scores = scores
    return state, scores


def _scores(data: TrainingData, split: SplitOfRun, log: ScoreLog) -> dict[str, np.ndarray]:
    """Return scores, labels and positions of the evaluated images and, where there are any, the validation images."""
    scores: np.ndarray = log.array()
    labels, evaluated = data.images.labels[data.scored].cpu().numpy(), len(split.evaluated)
    arrays = {"scores": scores[:, :evaluated], "labels": labels[:evaluated], "images": split.evaluated}
    if len(split.validation):
        arrays["validation_scores"] = scores[:, evaluated:]
        arrays["validation_labels"] = labels[evaluated:]
        arrays["validation_images"] = split.validation
    return arrays
