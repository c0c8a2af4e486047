"""Classifiers on pixels from scikit-learn, the non-deep baselines: logistic regression, support vector machine."""

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from medattn.config.arms import arm_settings
from medattn.config.models.paper import Arm
from medattn.datasets.store import DataStore
from medattn.files import disk_errors
from medattn.seeding import derive_seed
from medattn.training.history import EpochRow, write_history
from medattn.training.run_record import TrainingOutcome, data_record, now, write_arrays, write_record
from medattn.training.splits import SplitOfRun, split_of_run
from medattn.training.task import RunTask


def train_classifier(task: RunTask) -> None:
    """Fit the classifier of a run and write its files. The history has one epoch, with a loss of 0."""
    started, clock = now(), time.perf_counter()
    run, cell, store, files = task.run, task.cell, task.store, task.files
    arm = cell.settings.arm
    _, options = arm_settings(arm, cell.settings.recipe, task.grid_point, cell.id)
    split = split_of_run(store, run, cell.settings.protocol)
    # One thread, as for networks: the number of threads can change the last bits of a sum.
    with threadpool_limits(limits=1):
        scores, row = _fitted_scores(arm, options, store, split, run.seed)
    with disk_errors(files.folder):
        files.folder.mkdir(parents=True, exist_ok=True)
    write_history(files.history, [row], split.evaluated_name)
    labels = _all_labels(store)[split.evaluated]
    write_arrays(files.scores, {"scores": scores[None], "labels": labels, "images": split.evaluated})
    seconds = round(time.perf_counter() - clock, 3)
    write_record(
        task,
        TrainingOutcome(
            history=[row],
            data=data_record(store, split, cell),
            numerics={"device": "cpu", "precision": "float64", "threads": 1, "deterministic": True},
            sessions=[{"started": started, "seconds": seconds, "epochs_at_end": 1}],
        ),
    )
    files.failure.unlink(missing_ok=True)


def _fitted_scores(
    arm: Arm, options: Mapping[str, Any], store: DataStore, split: SplitOfRun, seed: int
) -> tuple[np.ndarray, EpochRow]:
    pixels = (
        np.concatenate([s.images.reshape(len(s.images), -1) for s in store.splits.values()]).astype(np.float64) / 255
    )
    labels = _all_labels(store)
    model = _classifier(arm, options, seed)
    model.fit(pixels[split.training], labels[split.training])
    scores = _scores(model, pixels[split.evaluated], len(store.classes))
    fitted = _scores(model, pixels[split.training], len(store.classes)).argmax(1)
    row = EpochRow(
        epoch=1,
        learning_rate=0.0,
        train_loss=0.0,
        penalty=0.0,
        train_correct=int((fitted == labels[split.training]).sum()),
        train_images=len(split.training),
        correct=int((scores.argmax(1) == labels[split.evaluated]).sum()),
        images=len(split.evaluated),
    )
    return scores, row


def _classifier(arm: Arm, options: Mapping[str, Any], seed: int) -> Pipeline:
    random_state = derive_seed(seed, "classifier") % 2**32
    if arm.classifier == "logistic_regression":
        model = LogisticRegression(C=options["c"], max_iter=options["iterations"], random_state=random_state)
    else:
        # With break_ties, predict() is the argmax of the saved scores.
        model = SVC(C=options["c"], kernel=options["kernel"], break_ties=True, random_state=random_state)
    return make_pipeline(StandardScaler(), model)


def _scores(model: Pipeline, pixels: np.ndarray, classes: int) -> np.ndarray:
    """Return the scores, N x classes, float32; a class without training images gets minus infinity."""
    raw = model.predict_proba(pixels) if hasattr(model, "predict_proba") else model.decision_function(pixels)
    if raw.ndim == 1:
        raw = np.stack([-raw, raw], axis=1)
    scores = np.full((len(pixels), classes), -math.inf, dtype=np.float32)
    scores[:, model.classes_] = raw
    return scores


def _all_labels(store: DataStore) -> np.ndarray:
    return np.concatenate([split.labels for split in store.splits.values()])
