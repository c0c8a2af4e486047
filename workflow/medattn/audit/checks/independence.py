"""Runs that were trained separately have different scores, no scores are labels, and each image has one label."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medattn.array_files import read_arrays
from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.obstacles import unreadable, unreadable_file
from medattn.audit.problems import problem
from medattn.errors import UserError
from medattn.files import sha256_of_value
from medattn.plan.finished_run import FinishedRun

_REMEDY = "compare it with a replay: `medattn audit {folder} --replay all`; it trains runs again, and changes nothing"
_EQUAL_SHARE = 0.5
_FEWEST_SCORES = 4
_COMPARED = 64  # images of each run that are compared: enough to tell copies from trained networks


def check_independence(context: AuditContext) -> Iterator[Finding]:
    """Compare the scores and labels of all runs with each other."""
    labels, scores = _Labels(), _Scores()
    for finished in context.finished_runs():
        if not finished.trained:
            continue
        try:
            arrays = read_arrays(finished.files.scores)
            yield from labels.compare(context, finished, arrays)
            if finished.cell.is_classifier:
                continue
            if _is_one_hot(arrays["scores"], arrays["labels"]):
                found = "every label as a score of 1, with all others 0"
                yield Finding("error", finished.run.id, "scores that a network gives", found, _REMEDY)
            yield from scores.compare(finished, arrays)
        except (UserError, KeyError, TypeError, ValueError, IndexError, AttributeError, OSError) as error:
            if (cause := unreadable(error)) is not None:
                yield unreadable_file(finished.run.id, cause)
                continue
            found = problem(error)
            yield Finding("error", finished.run.id, "scores that can be read", found, _REMEDY)
        context.examined.update(runs=1)


def _is_one_hot(scores: NDArray[np.floating], labels: NDArray[np.int64]) -> bool:
    """Return whether the scores of an epoch are exactly the labels. Even a very certain network keeps a rest."""
    right = np.eye(scores.shape[2], dtype=scores.dtype)[labels]
    return bool(len(labels) >= _FEWEST_SCORES and (scores == right).all(axis=(1, 2)).any())


class _Labels:
    """Labels of the images of each prepared data set, as the runs have them."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, NDArray[np.int64]]] = {}

    def compare(
        self, context: AuditContext, finished: FinishedRun, arrays: dict[str, NDArray[Any]]
    ) -> Iterator[Finding]:
        """Yield a finding where a run has other labels than earlier runs, or other counts than the configuration."""
        if "copies" in finished.record["data"]:  # positions of copies mean other images in each run
            return
        for prefix in ("", "validation_"):
            if f"{prefix}labels" in arrays:
                images, found = arrays[f"{prefix}images"], arrays[f"{prefix}labels"]
                yield from self._of_images(finished, images, found)
        yield from _counts(context, finished, arrays["labels"])

    def _of_images(
        self, finished: FinishedRun, images: NDArray[np.int64], found: NDArray[np.int64]
    ) -> Iterator[Finding]:
        run, known = self._known.get(finished.cell.prepared, (finished.run.id, np.empty(0, dtype=np.int64)))
        more = int(images.max(initial=-1)) + 1 - len(known)
        if more > 0:
            known = np.concatenate([known, np.full(more, -1)])
        different = (known[images] != found) & (known[images] >= 0)
        if different.any():
            expected = f"the labels of {run}"
            yield Finding("error", finished.run.id, expected, f"{int(different.sum())} other labels", _REMEDY)
        known[images] = np.where(known[images] >= 0, known[images], found)
        self._known[finished.cell.prepared] = (run, known)


def _counts(context: AuditContext, finished: FinishedRun, labels: NDArray[np.int64]) -> Iterator[Finding]:
    """Compare the classes of a whole test split with the counts in the configuration, with or without the images."""
    try:
        entry = context.configuration.datasets.get(finished.cell.dataset)
    except UserError:  # papers that this version cannot read: other checks say so
        return
    if entry is None or finished.cell.stand_in or finished.record["data"]["evaluated"] != "test":
        return
    counts = (entry.counts or {}).get("test")
    found = np.bincount(labels, minlength=len(finished.cell.classes)).tolist()
    if counts is not None and finished.run.fold is None and len(labels) == sum(counts) and found != list(counts):
        yield Finding("error", finished.run.id, f"{list(counts)} test images of the classes", f"{found}", _REMEDY)


@dataclass(frozen=True)
class _Trained:
    """A run whose scores are known.

    Attributes:
        run: id of the run.
        arm: name of its arm.
        seed: its seed.
        place: its cell and fold.
        placebo: whether the arm is a placebo.
        settings: hash of everything that decides the training, but not its names.
    """

    run: str
    arm: str
    seed: int
    place: tuple[str, int | None]
    placebo: bool
    settings: str


class _Scores:
    """Scores of single images after the last epoch, by which copies of runs are recognized."""

    def __init__(self) -> None:
        self._runs: dict[bytes, list[_Trained]] = {}

    def compare(self, finished: FinishedRun, arrays: dict[str, NDArray[Any]]) -> Iterator[Finding]:
        """Yield a finding where the scores are those of an earlier run with another seed or another arm."""
        # The protocol decides which images are used, and the split names these.
        decides = {k: v for k, v in finished.record["configuration"].items() if k not in ("protocol", "grid_point")}
        mine = _Trained(
            finished.run.id,
            finished.cell.arm,
            finished.run.seed,
            (finished.cell.id, finished.run.fold),
            bool(finished.cell.settings.arm.placebo),
            sha256_of_value([decides, finished.record["data"].get("split_sha256")]),
        )
        keys = _keys(finished, arrays)
        counts: dict[_Trained, int] = {}
        for key in keys:
            for other in self._runs.setdefault(key, []):
                counts[other] = counts.get(other, 0) + 1
            self._runs[key].append(mine)
        for other, count in counts.items():
            if len(keys) >= _FEWEST_SCORES and count > _EQUAL_SHARE * len(keys) and not _may_be_equal(mine, other):
                what = f"seed {other.seed}" if other.seed != mine.seed else f"arm {other.arm}"
                expected = f"other scores than {other.run}, with {what}"
                yield Finding("error", mine.run, expected, f"{count} of {len(keys)} equal scores", _REMEDY)


def _may_be_equal(first: _Trained, second: _Trained) -> bool:
    """Return whether two runs may have the same scores: planned as equal, a placebo, or grid points of one arm."""
    if first.seed != second.seed:
        return False
    return first.settings == second.settings or first.placebo or second.placebo or first.place == second.place


def _keys(finished: FinishedRun, arrays: dict[str, NDArray[Any]]) -> list[bytes]:
    """Return a key for the scores of each of some images after the last epoch.

    Scores that several images share are left out, as those of a network that gives one answer to every image.
    """
    scores = np.ascontiguousarray(arrays["scores"][-1].astype("<f4"))
    rows, counts = np.unique(scores, axis=0, return_counts=True)
    shared = {row.tobytes() for row in rows[counts > 1]}
    place = finished.cell.prepared.encode()
    keys = []
    for image, row in zip(arrays["images"].tolist(), scores, strict=True):
        content = row.tobytes()
        if content not in shared and np.isfinite(row).all() and not np.isin(row, (0, 1)).all():
            keys.append(hashlib.blake2b(place + b"/%d/" % image + content, digest_size=16).digest())
        if len(keys) == _COMPARED:
            break
    return keys
