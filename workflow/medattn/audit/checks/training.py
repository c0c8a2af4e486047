"""History, scores, labels and images of every run agree with each other, its recipe and its protocol."""

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.obstacles import absent_images, damaged_images, unreadable, unreadable_file
from medattn.audit.problems import problem
from medattn.config.models.recipe import Recipe
from medattn.datasets.store import DataStore
from medattn.errors import UserError
from medattn.files import sha256_of_value
from medattn.plan.finished_run import FinishedRun
from medattn.training.history import read_history
from medattn.training.learning_rate import learning_rate
from medattn.training.run_record import last_epoch, split_sha256
from medattn.training.score_file import VALUES, ScoredSplit, predicted_or_none, read_scores
from medattn.training.splits import SplitOfRun, split_of_run

_REMEDY = (
    "restore the run from a copy; without one, move its folder out of runs/ and train it again: "
    "`medattn train --plan {plan}`"
)
Difference = tuple[str, str]
Part = Callable[[FinishedRun, DataStore, SplitOfRun], Iterator[Difference]]


def check_training(context: AuditContext) -> Iterator[Finding]:
    """Split the images of every run again, and compare its history and its scores with them."""
    splits: dict[str, SplitOfRun] = {}
    without: Counter[str] = Counter()  # runs by the data set that they lack
    for finished in context.finished_runs():
        if not finished.trained:
            continue
        if not context.has_images(finished.cell.prepared):
            without[finished.cell.prepared] += 1
            continue
        store = _store(context, finished)
        if isinstance(store, Finding):
            yield store
            continue
        context.examined.update(runs=1)
        for part in (_history, _scores, _roles):
            yield from _findings(finished, store, splits, part)
    for prepared, count in without.items():
        yield absent_images(context, prepared, f"not on this machine: {count} runs were not checked")


def _findings(finished: FinishedRun, store: DataStore, splits: dict[str, SplitOfRun], part: Part) -> Iterator[Finding]:
    """Yield what a part of the check finds; a file that cannot be read hides nothing that another part finds."""
    try:
        for expected, found in part(finished, store, _split(finished, store, splits)):
            yield Finding("error", finished.run.id, expected, found, _REMEDY)
    except (UserError, KeyError, TypeError, ValueError, IndexError, AttributeError, OSError) as error:
        if (cause := unreadable(error)) is not None:
            yield unreadable_file(finished.run.id, cause)
        else:
            found = problem(error)
            yield Finding("error", finished.run.id, "history and scores that can be read", found, _REMEDY)


def _store(context: AuditContext, finished: FinishedRun) -> DataStore | Finding:
    """Return the images of a run or, where they cannot be read, the finding that the run was not checked."""
    prepared = finished.cell.prepared
    try:
        return context.store(prepared)
    except (UserError, OSError) as error:
        return damaged_images(finished.run.id, prepared, error)


def _split(finished: FinishedRun, store: DataStore, known: dict[str, SplitOfRun]) -> SplitOfRun:
    settings, run = finished.record["configuration"], finished.run
    recipe = None if finished.cell.is_classifier else Recipe.model_validate(settings["recipe"])
    copies = recipe.oversampling if recipe else None
    seed = run.seed if copies else None  # without oversampling, all seeds share one split
    asked = [
        finished.cell.prepared,
        settings["protocol"],
        copies and copies.model_dump(mode="json"),
        run.stage,
        run.fold,
        seed,
    ]
    key = sha256_of_value(asked)
    if key not in known:
        known[key] = split_of_run(store, run, finished.cell.settings.protocol, copies)
    return known[key]


def _history(finished: FinishedRun, _: DataStore, split: SplitOfRun) -> Iterator[Difference]:
    record, rows = finished.record, read_history(finished.files.history)
    if [row.epoch for row in rows] != list(range(1, record["epochs"] + 1)):
        yield f"epochs 1 to {record['epochs']} in the history", f"{[row.epoch for row in rows]}"
    well = record["status"] == "ok"
    for row in rows[:-1] if not well else rows:
        if not row.finite:
            yield f"a finite loss in epoch {row.epoch}", f"{row.train_loss}, {row.penalty}"
    if not well and rows[-1].finite:
        yield "a last loss that is not finite", f"{rows[-1].train_loss}, although the run {record['status']}"
    counts = (len(split.training), len(split.evaluated), len(split.validation))
    for row in rows:
        if (row.train_images, row.images, row.validation_images) != counts:
            yield f"{counts} images in epoch {row.epoch}", f"{(row.train_images, row.images, row.validation_images)}"
    if not finished.cell.is_classifier:
        recipe = Recipe.model_validate(record["configuration"]["recipe"])
        if well and len(rows) != recipe.epochs:
            yield f"{recipe.epochs} epochs, as the recipe says", f"{len(rows)}"
        for row in rows:
            if row.learning_rate != learning_rate(recipe, row.epoch):
                yield f"learning rate {learning_rate(recipe, row.epoch)} in epoch {row.epoch}", f"{row.learning_rate}"
    if "final" in record and record["final"] != last_epoch(rows[-1], record["data"]["evaluated"]):
        yield "the last epoch of the history in the record", f"{record['final']}"


def _scores(finished: FinishedRun, store: DataStore, split: SplitOfRun) -> Iterator[Difference]:
    stored, rows = read_scores(finished.record, finished.files.scores), read_history(finished.files.history)
    labels = np.concatenate([part.labels for part in store.splits.values()])
    if split.copies is not None:
        labels = np.concatenate([labels, labels[split.copies.sources]])
    parts = [("", stored.evaluated, split.evaluated, [row.correct for row in rows])]
    if len(split.validation):
        if stored.validation is None:
            yield "scores of the validation images", "none"
            return
        parts.append(("validation_", stored.validation, split.validation, [row.validation_correct for row in rows]))
    unscored = np.zeros(len(rows), dtype=np.int64)
    for prefix, scored, positions, correct in parts:
        if not np.array_equal(scored.images, positions):
            yield f"{prefix}images as the protocol splits them", "other images"
        elif not np.array_equal(scored.labels, labels[positions]):
            yield f"{prefix}labels of the data set", "other labels"
        shape = (scored.epochs, scored.count, scored.classes)
        if shape != (len(rows), len(positions), len(store.classes)):
            yield f"{prefix}scores of every epoch, image and class", f"shape {shape}"
            continue
        if scored.correct != correct:
            yield (
                f"{prefix}correct images as in the history: {correct}",
                f"from the scores: {scored.correct}",
            )
        unscored += scored.unscored
        yield from _values(prefix, scored, probabilities=not finished.cell.is_classifier)
    yield from _choosing_values(stored.of_validation)
    if unscored.tolist() != (recorded := [row.unscored for row in rows]):
        yield (
            f"images without scores as in the history: {recorded}",
            f"from the scores: {unscored.tolist()}",
        )


def _values(prefix: str, scored: ScoredSplit, probabilities: bool) -> Iterator[Difference]:
    """Compare what the file has of every epoch with the scores of the epochs that it has in full."""
    own = np.arange(scored.count)
    for epochs, scores in scored.pieces(scored.kept):
        first, last = epochs[0], epochs[-1]
        is_number = ~np.isnan(scores).any(axis=2)
        if probabilities and not _probabilities(scores[is_number]):
            yield f"{prefix}scores that are probabilities", f"other values in epochs {first} to {last}"
        if scored.is_whole:
            continue
        for epoch, of_epoch in zip(epochs, scores, strict=True):
            if not np.array_equal(scored.predicted(epoch, epoch)[0], predicted_or_none(of_epoch)):
                yield f"{prefix}predicted classes from the scores of epoch {epoch}", "other classes"
            of_class = np.where(np.isnan(of_epoch).any(axis=1), np.nan, of_epoch[own, scored.labels])
            if not np.array_equal(scored.label_scores[epoch - 1], of_class, equal_nan=True):
                yield f"{prefix}label_scores from the scores of epoch {epoch}", "other values"


def _probabilities(scores: NDArray[np.floating]) -> bool:
    return bool(scores.min(initial=0) >= 0 and np.allclose(scores.sum(axis=-1), 1, atol=1e-3))


def _choosing_values(scored: ScoredSplit) -> Iterator[Difference]:
    """Compare stored values of metrics with the scores of the epochs that the file has in full."""
    for metric, stored in scored.stored_values().items():
        computed = np.array(scored.computed_values(metric))
        found = stored[[epoch - 1 for epoch in scored.kept]]
        if not np.allclose(found, computed, rtol=0, atol=1e-9):
            yield f"{VALUES}{metric} as computed from the scores: {computed}", f"{found}"


def _roles(finished: FinishedRun, store: DataStore, split: SplitOfRun) -> Iterator[Difference]:
    """Check that no image is trained on and evaluated, and that test images choose nothing without a declared leak."""
    data = finished.record["data"]
    if "split_sha256" in data and data["split_sha256"] != split_sha256(split):
        yield f"split {split_sha256(split)}", data["split_sha256"]
    counts = {"training_images": len(split.training), "evaluated_images": len(split.evaluated)}
    if len(split.validation):
        counts["validation_images"] = len(split.validation)
    for key, count in counts.items():
        if data.get(key) != count:
            yield f"{key}: {count}", f"{data.get(key)}"
    if data["evaluated"] != split.evaluated_name or data.get("leak", "") != finished.cell.leak:
        yield (
            f"evaluated: {split.evaluated_name}, leak: {finished.cell.leak or 'none'}",
            f"{data['evaluated']}, {data.get('leak')}",
        )
    for name, part in (("evaluated", split.evaluated), ("validation", split.validation)):
        if shared := np.intersect1d(split.training, part).size:
            yield f"no training image among the {name} images", f"{shared} images"
    protocol = finished.cell.settings.protocol
    if "test" in store.splits and protocol.spares_test_split and not finished.cell.leak:
        ends = np.cumsum([len(part.labels) for part in store.splits.values()])
        last = dict(zip(store.splits, ends, strict=True))["test"]
        test = np.arange(last - len(store.splits["test"].labels), last)
        chooses = [split.training, split.validation, *([split.evaluated] if finished.run.stage == "tune" else [])]
        if any(np.isin(part, test).any() for part in chooses):
            yield "test images used for neither training nor choices", "test images used for one of them"
