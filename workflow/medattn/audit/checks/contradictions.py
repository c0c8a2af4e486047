"""No record or history contradicts itself: statuses, losses, files and times that no training can give."""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import numpy as np

from medattn.array_files import read_arrays
from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding, Severity
from medattn.audit.obstacles import unreadable, unreadable_file
from medattn.audit.problems import problem
from medattn.config.mechanisms import is_block_mechanism
from medattn.config.models.recipe import Recipe
from medattn.errors import UserError
from medattn.plan.finished_run import FinishedRun
from medattn.plan.tuning_result import read_choice
from medattn.training.history import EpochRow, read_history

_CLOCKS = timedelta(minutes=5)  # a difference of clocks, or of two readings of one that was set, that proves nothing
# Losses of many steps, or close to 0, can use all digits of double precision, and show nothing.
_FEWEST_ZEROS = 3
_MOST_STEPS = 1024
_SMALLEST_LOSS = 0.05
_REMEDY = "compare it with a replay: `medattn audit {folder} --replay all`; it trains runs again, and changes nothing"
_TIME_REMEDY = "compare the clocks of the machines; if they agree, do not trust the times"
Difference = tuple[Severity, str, str]


def check_contradictions(context: AuditContext) -> Iterator[Finding]:
    """Look for values in every record and history that exclude each other."""
    now = datetime.now(UTC)
    for finished in context.finished_runs():
        context.examined.update(runs=1)
        yield from _findings(finished, _of_run(context, finished), _REMEDY)
        yield from _findings(finished, _times(finished.record, now), _TIME_REMEDY)


def _findings(finished: FinishedRun, found_differences: Iterator[Difference], remedy: str) -> Iterator[Finding]:
    try:
        for severity, expected, found in found_differences:
            yield Finding(severity, finished.run.id, expected, found, remedy)
    except (UserError, KeyError, TypeError, ValueError, IndexError, AttributeError, OSError) as error:
        if (cause := unreadable(error)) is not None:
            yield unreadable_file(finished.run.id, cause)
        else:
            found = problem(error)
            yield Finding("error", finished.run.id, "a record and a history that can be read", found, _REMEDY)


def _of_run(context: AuditContext, finished: FinishedRun) -> Iterator[Difference]:
    if not finished.trained:
        yield from _skipped(context, finished)
        return
    yield from _outputs(finished)
    if not finished.cell.is_classifier:
        rows = read_history(finished.files.history)
        recipe = Recipe.model_validate(finished.record["configuration"]["recipe"])
        yield from _losses(finished, rows, recipe)
        yield from _diverged(finished)


def _skipped(context: AuditContext, finished: FinishedRun) -> Iterator[Difference]:
    """Compare a skipped run with the choice: only a run for which cross-validation chose nothing is skipped."""
    record, run = finished.record, finished.run
    reason = None
    if finished.cell.is_tuned and run.grid_point is None:
        choice = read_choice(context.results, finished.cell, run.seed, run.fold)
        reason = choice["reason"] if choice["grid_point"] is None else None
    if reason is None:
        yield "error", "a trained run, since tuning made a choice for it or it needs none", "a skipped run"
    elif record["reason"] != reason:
        yield "error", f"the reason in tuned/: {reason}", str(record["reason"])
    if record["epochs"] or record["seconds"] or record["outputs"]:
        yield "error", "no epochs, seconds or files of a skipped run", "some"


def _outputs(finished: FinishedRun) -> Iterator[Difference]:
    """Compare the files of a run with its mechanism: maps belong to attention on the input."""
    arm, outputs = finished.cell.settings.arm, finished.record["outputs"]
    mechanism = None if finished.cell.is_classifier else arm.mechanism
    attends = mechanism not in (None, "none")
    on_input = attends and not is_block_mechanism(str(mechanism))
    if on_input and not arm.placebo and "maps.safetensors" not in outputs:
        yield "error", f"attention maps of {mechanism}", "none: the files of another arm"
    for name, belongs in (("maps.safetensors", on_input), ("attention.safetensors", attends)):
        if name in outputs and not belongs:
            yield "error", f"no {name} without such attention", "one: the files of another arm"
    if mechanism is not None and not attends and any(row.penalty for row in read_history(finished.files.history)):
        yield "error", "no penalty without attention", "one: the history of another arm"


def _losses(finished: FinishedRun, rows: Sequence[EpochRow], recipe: Recipe) -> Iterator[Difference]:
    """Compare losses with what a mean over this number of images, with this number of errors, can be."""
    finite = [row for row in rows if row.finite]
    for row in finite:
        if not 0 <= row.train_correct <= row.train_images:
            yield "error", f"0 to {row.train_images} correct images in epoch {row.epoch}", f"{row.train_correct}"
        elif row.train_loss < 0:
            yield "error", f"a loss of at least 0 in epoch {row.epoch}", f"{row.train_loss}"
        elif not getattr(recipe, "mixup", 0) and row.train_loss < (least := _least_loss(finished, row, recipe)):
            errors = row.train_images - row.train_correct
            expected = f"a loss of at least {least:.4g} in epoch {row.epoch}, with {errors} errors"
            yield "error", expected, f"{row.train_loss:.4g}"
    yield from _unreachable(finite, recipe)


def _unreachable(rows: Sequence[EpochRow], recipe: Recipe) -> Iterator[Difference]:
    """Find losses that are no mean of the losses of steps, which are numbers in single precision."""
    telling = [
        row for row in rows if row.train_loss >= _SMALLEST_LOSS and row.train_images <= _MOST_STEPS * recipe.batch_size
    ]
    found = [row.epoch for row in telling if trailing_zeros(row.train_loss, row.train_images) < _FEWEST_ZEROS]
    if len(found) > len(telling) / 2:
        expected = f"losses that are a sum of numbers in single precision, divided by {rows[0].train_images} images"
        yield "error", expected, f"other losses in {len(found)} of {len(telling)} epochs"


def _least_loss(finished: FinishedRun, row: EpochRow, recipe: Recipe) -> float:
    """Return the smallest mean cross entropy with this number of errors.

    An image is misclassified where its class has at most half of the probability, so it costs at least log 2.
    """
    classes = max(2, len(finished.cell.classes))
    share = 1 - recipe.label_smoothing * (1 - 1 / classes)
    return 0.999 * share * math.log(2) * (row.train_images - row.train_correct) / row.train_images


def trailing_zeros(mean: float, count: int) -> int:
    """Return the zeros at the end of the significand of the sum that gives this mean over `count` values.

    Sums of numbers in single precision, added in double precision, end in zeros; other numbers seldom do.
    """
    total, most = mean * count, 0
    for steps in range(-2, 3):
        candidate = total
        for _ in range(abs(steps)):
            candidate = math.nextafter(candidate, math.copysign(math.inf, steps))
        if candidate / count == mean and candidate:
            numerator = Fraction(candidate).numerator
            odd = abs(numerator) >> ((numerator & -numerator).bit_length() - 1)
            most = max(most, 53 - odd.bit_length())
    return most


def _diverged(finished: FinishedRun) -> Iterator[Difference]:
    """Find a diverged run with numbers as scores: a loss that is no finite number leaves a network without any."""
    if finished.record["status"] != "diverged":
        return
    scores = read_arrays(finished.files.scores)["scores"]
    if len(scores) and np.isfinite(scores[-1]).all():
        yield "warning", "scores that are not finite after the last epoch of a diverged run", "finite scores"


def _times(record: dict[str, Any], now: datetime) -> Iterator[Difference]:
    """Find runs that finished in the future, and sessions that are longer than the time that they had."""
    finished, sessions = datetime.fromisoformat(record["finished"]), record.get("sessions", [])
    if finished > now + _CLOCKS:
        yield "warning", f"a run that finished before {now.isoformat(timespec='seconds')}", record["finished"]
    starts = [datetime.fromisoformat(session["started"]) for session in sessions]
    for session, start, end in zip(sessions, starts, [*starts[1:], finished], strict=True):
        seconds, most = session["seconds"], max(timedelta(0), end - start) + _CLOCKS
        if not math.isfinite(seconds) or not 0 <= seconds <= most.total_seconds():
            expected = f"a session of 0 to {most.total_seconds():.0f} s, from {start.isoformat()} to {end.isoformat()}"
            yield "warning", expected, f"{seconds} s"
