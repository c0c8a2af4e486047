"""Finished runs that nobody trained: made-up scores, written by the writers that training uses."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from unittest import mock

import numpy as np

from medattn import files as medattn_files
from medattn.config.mechanisms import is_block_mechanism
from medattn.config.networks.architectures import insertion_paths
from medattn.datasets.store import DataStore
from medattn.layout import ResultPaths, RunPaths
from medattn.plan.model import Cell, Plan, Run
from medattn.plan.tuning_result import read_choice, tuned_cells
from medattn.training import run_record
from medattn.training.history import EpochRow, write_history
from medattn.training.task import RunTask
from medattn.tuning.choose import write_choices

TESTS, VALIDATIONS, TRAININGS = 8, 6, 20
MAP = 4  # height and width of a made-up attention map


def finish_runs(plan: Plan, results: ResultPaths, only: set[str] | None = None) -> None:
    """Finish the runs of a plan that have no record: those that choose, the choices, then those that are measured."""
    with quick_writing():
        for stage in ("tune", "train"):
            for run in plan.runs.values():
                files = results.run(run.folder, run.name)
                if run.stage == stage and not files.record.exists() and (only is None or run.id in only):
                    write_run(run, plan.cells[run.cell], results)
            if stage == "tune":
                for group in sorted({cell.group for cell in tuned_cells(plan, results)}):
                    write_choices(plan, group, results)


@contextmanager
def quick_writing() -> Iterator[None]:
    """Skip flushing to disk, record no commit, so that the state of this checkout does not matter, and ask once for the
    environment.
    """
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(medattn_files.os, "fsync", lambda _: None))
        stack.enter_context(mock.patch.object(run_record, "git_state", lambda _: {}))
        stack.enter_context(mock.patch.object(run_record, "environment", cache(run_record.environment)))
        yield


def write_run(run: Run, cell: Cell, results: ResultPaths) -> None:
    """Write a run whose scores follow from its name, so that equal runs are equal."""
    files = results.run(run.folder, run.name)
    files.folder.mkdir(parents=True, exist_ok=True)
    point = run.grid_point or {}
    if run.grid_point is None and cell.is_tuned:
        point = read_choice(results, cell, run.seed, run.fold)["grid_point"]
    epochs = 1 if cell.is_classifier else int(point.get("recipe.epochs", cell.settings.recipe.epochs))
    random = np.random.default_rng(int(run.key.rpartition("-")[2], 16))
    tests = _scores(random, epochs, TESTS, len(cell.classes))
    arrays, validation = dict(tests), np.zeros(epochs, dtype=int)
    has_validation = run.stage == "train" and cell.settings.protocol.kind == "best_validation_epoch"
    if has_validation and not cell.is_classifier:
        further = _scores(random, epochs, VALIDATIONS, len(cell.classes))
        arrays |= {f"validation_{name}": array for name, array in further.items()}
        validation = _correct(further)
    rows = zip(_correct(tests).tolist(), validation.tolist(), strict=True)
    # Whole numbers of eighths, as a mean over 20 images, are sums of numbers in single precision.
    losses = (random.integers(40, 80, epochs) / 8 / TRAININGS).tolist()
    validations = VALIDATIONS if has_validation else 0
    rate = 0.0 if cell.is_classifier else cell.settings.recipe.learning_rate
    history = [
        EpochRow(epoch, rate, losses[epoch - 1], 0.0, 15, TRAININGS, right, TESTS, valid, validations)
        for epoch, (right, valid) in enumerate(rows, start=1)
    ]
    evaluated = "test" if run.stage == "train" else "validation"
    write_history(files.history, history, evaluated)
    run_record.write_arrays(files.scores, arrays)
    if not cell.is_classifier:
        best = int(validation.argmax()) + 1 if has_validation else epochs
        _write_attention(run, cell, files, random, best)
    # Neither the image store nor a device is needed to write a record.
    task = RunTask(run=run, cell=cell, grid_point=point, store=mock.create_autospec(DataStore), files=files)
    data = {"dataset": cell.dataset, "entry_sha256": cell.settings.entry_sha256, "stand_in": cell.stand_in}
    images = {"evaluated": evaluated, "evaluated_images": TESTS, "training_images": TRAININGS, "files": {}}
    session = {"started": run_record.now(), "seconds": 1.0, "epochs_at_end": epochs}
    outcome = run_record.TrainingOutcome(
        history=history,
        data={**data, **images, **({"leak": cell.leak} if cell.leak else {})},
        numerics={"device": "cpu"},
        sessions=[session],
    )
    run_record.write_record(task, outcome)


def _write_attention(run: Run, cell: Cell, files: RunPaths, random: np.random.Generator, measured: int) -> None:
    """Write the maps of attention on the input, or the attention inside the network at the measured epoch."""
    arm = cell.settings.arm
    if arm.mechanism != "none" and not is_block_mechanism(arm.mechanism):
        before, after = random.random((2, MAP, MAP), dtype=np.float32)
        run_record.write_arrays(files.maps, {"before": before, "after": after})
    elif arm.mechanism != "none" and run.stage == "train":
        labels = np.arange(2, dtype=np.int64) % len(cell.classes)
        paths = insertion_paths(cell.settings.model or "", arm.placement) or ["block"]
        maps = {f"{path}/map": random.random((2, MAP, MAP), dtype=np.float32) for path in paths}
        shown = {"images": np.arange(2), "labels": labels, "epoch": np.array([measured])}
        run_record.write_arrays(files.attention, {**shown, **maps})


def _scores(random: np.random.Generator, epochs: int, images: int, classes: int) -> dict[str, np.ndarray]:
    raw = random.random((epochs, images, classes), dtype=np.float32)
    labels = np.arange(images, dtype=np.int64) % classes
    return {"scores": raw / raw.sum(axis=2, keepdims=True), "labels": labels, "images": np.arange(images)}


def _correct(arrays: dict[str, np.ndarray]) -> np.ndarray:
    found: np.ndarray = (arrays["scores"].argmax(axis=2) == arrays["labels"]).sum(axis=1)
    return found
