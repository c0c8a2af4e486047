"""What a run kept of its training fits together: epochs, losses, kept scores, labels and the images they belong to."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from medattn.audit.context import AuditContext, Ended
from medattn.audit.finding import Finding
from medattn.config.models.recipe import Recipe
from medattn.datasets.store import DataStore
from medattn.errors import UserError
from medattn.files import sha256_of_value
from medattn.protocols.registry import protocol_of
from medattn.training.history import read_history
from medattn.training.optimizer import learning_rate
from medattn.training.run_record import last_epoch
from medattn.training.split_identity import split_sha256
from medattn.training.splits import SplitOfRun, split_of_run

_MEND = "train the run again (delete its folder first)"
Difference = tuple[str, str]


def check_training(subject: AuditContext) -> Iterator[Finding]:
    """Divide the images of every run again, and read its history and its scores."""
    splits: dict[str, SplitOfRun] = {}
    for ended in subject.ended():
        store = _store(subject, ended) if ended.trained else None
        if store is None:
            continue
        try:
            split = _split(ended, store, splits)
            for expected, found in [
                *_history(ended, split),
                *_scores(ended, store, split),
                *_roles(ended, store, split),
            ]:
                yield Finding("error", ended.run.id, expected, found, _MEND)
        except (UserError, KeyError, TypeError, ValueError, IndexError, AttributeError, OSError) as error:
            yield Finding(
                "error", ended.run.id, "a training that can be followed", f"{type(error).__name__}: {error}", _MEND
            )


def _store(subject: AuditContext, ended: Ended) -> DataStore | None:
    """Return the images of a run; None where they can't be read, of which the check of data tells once."""
    try:
        return subject.store(ended.cell.prepared)
    except (UserError, OSError):
        return None


def _split(ended: Ended, store: DataStore, known: dict[str, SplitOfRun]) -> SplitOfRun:
    settings, run = ended.record["configuration"], ended.run
    recipe = None if ended.cell.is_classifier else Recipe.model_validate(settings["recipe"])
    copies = recipe.oversampling if recipe else None
    seed = run.seed if copies else None  # without copies, seeds share their split
    asked = [
        ended.cell.prepared,
        settings["protocol"],
        copies and copies.model_dump(mode="json"),
        run.stage,
        run.fold,
        seed,
    ]
    key = sha256_of_value(asked)
    if key not in known:
        known[key] = split_of_run(store, run, protocol_of(settings["protocol"]), copies)
    return known[key]


def _history(ended: Ended, split: SplitOfRun) -> Iterator[Difference]:
    record, rows = ended.record, read_history(ended.files.history)
    if [row.epoch for row in rows] != list(range(1, record["epochs"] + 1)):
        yield f"epochs 1 to {record['epochs']} in the history", f"{[row.epoch for row in rows][:100]}"
    well = record["status"] == "ok"
    for row in rows[:-1] if not well else rows:
        if not row.finite:
            yield f"a finite loss in epoch {row.epoch}", f"{row.train_loss}, {row.penalty}"
    if not well and rows[-1].finite:
        yield "a last loss that is no number", f"{rows[-1].train_loss}, although the run {record['status']}"
    counts = (len(split.training), len(split.evaluated), len(split.validation))
    for row in rows:
        if (row.train_images, row.images, row.validation_images) != counts:
            yield f"{counts} images in epoch {row.epoch}", f"{(row.train_images, row.images, row.validation_images)}"
    if not ended.cell.is_classifier:
        recipe = Recipe.model_validate(record["configuration"]["recipe"])
        if well and len(rows) != recipe.epochs:
            yield f"{recipe.epochs} epochs, as the recipe says", f"{len(rows)}"
        for row in rows:
            if row.learning_rate != learning_rate(recipe, row.epoch):
                yield f"learning rate {learning_rate(recipe, row.epoch)} in epoch {row.epoch}", f"{row.learning_rate}"
    if "final" in record and record["final"] != last_epoch(rows[-1], record["data"]["evaluated"]):
        yield "the last epoch of the history in the record", f"{record['final']}"


def _scores(ended: Ended, store: DataStore, split: SplitOfRun) -> Iterator[Difference]:
    arrays, rows = load_file(ended.files.scores), read_history(ended.files.history)
    labels = np.concatenate([part.labels for part in store.splits.values()])
    if split.copies is not None:
        labels = np.concatenate([labels, labels[split.copies.sources]])
    parts = [("", split.evaluated, [row.correct for row in rows])]
    if len(split.validation):
        parts.append(("validation_", split.validation, [row.validation_correct for row in rows]))
    unscored = np.zeros(len(rows), dtype=np.int64)
    for prefix, positions, correct in parts:
        scores, kept, images = (arrays[f"{prefix}{name}"] for name in ("scores", "labels", "images"))
        if not np.array_equal(images, positions):
            yield f"{prefix}images as the protocol divides them", "others"
        elif not np.array_equal(kept, labels[positions]):
            yield f"{prefix}labels of the data set", "others"
        if scores.shape != (len(rows), len(positions), len(store.classes)):
            yield f"{prefix}scores of every epoch, image and class", f"shape {scores.shape}"
            continue
        is_number = ~np.isnan(scores).any(axis=2)
        found = (is_number & (scores.argmax(axis=2) == kept)).sum(axis=1).tolist()
        if found != correct:
            yield f"{prefix}correct images as in the history: {correct[:100]}", f"from the scores: {found[:100]}"
        unscored += (~is_number).sum(axis=1)
        if not ended.cell.is_classifier and not _probabilities(scores[is_number]):
            yield f"{prefix}scores that are probabilities", "others"
    if unscored.tolist() != (told := [row.unscored for row in rows]):
        yield f"images without scores as in the history: {told[:100]}", f"from the scores: {unscored.tolist()[:100]}"


def _probabilities(scores: NDArray[np.floating]) -> bool:
    return bool(scores.min(initial=0) >= 0 and np.allclose(scores.sum(axis=-1), 1, atol=1e-3))


def _roles(ended: Ended, store: DataStore, split: SplitOfRun) -> Iterator[Difference]:
    """No image is trained on and evaluated; what chooses sees no test image, but for a leak that is told."""
    data = ended.record["data"]
    if "split_sha256" in data and data["split_sha256"] != split_sha256(split):
        yield f"split {split_sha256(split)}", data["split_sha256"]
    counts = {"training_images": len(split.training), "evaluated_images": len(split.evaluated)}
    if len(split.validation):
        counts["validation_images"] = len(split.validation)
    for key, count in counts.items():
        if data.get(key) != count:
            yield f"{key}: {count}", f"{data.get(key)}"
    if data["evaluated"] != split.evaluated_name or data.get("leak", "") != ended.cell.leak:
        yield (
            f"evaluated: {split.evaluated_name}, leak: {ended.cell.leak or 'none'}",
            f"{data['evaluated']}, {data.get('leak')}",
        )
    for name, part in (("evaluated", split.evaluated), ("validation", split.validation)):
        if shared := np.intersect1d(split.training, part).size:
            yield f"no training image among the {name} ones", f"{shared} images"
    protocol = protocol_of(ended.cell.settings["protocol"])
    if "test" in store.splits and protocol.spares_test_split and not ended.cell.leak:
        ends = np.cumsum([len(part.labels) for part in store.splits.values()])
        last = dict(zip(store.splits, ends, strict=True))["test"]
        test = np.arange(last - len(store.splits["test"].labels), last)
        chooses = [split.training, split.validation, *([split.evaluated] if ended.run.stage == "tune" else [])]
        if any(np.isin(part, test).any() for part in chooses):
            yield "test images that train and choose nothing", "some do"
