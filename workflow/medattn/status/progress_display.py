"""Display of a running workflow: live on a terminal, as lines of the log elsewhere."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TextIO

from medattn.plan.show import duration
from medattn.status.summary import Status
from medattn.status.time_left import epochs_of

if TYPE_CHECKING:
    from rich.progress import Progress

log = logging.getLogger(__name__)

_LOG_EVERY = 30.0
"""Least seconds between two lines of the log without a finished step."""


@dataclass(frozen=True)
class Steps:
    """Steps of the workflow: finished ones, all, and what the latest one does."""

    done: int = 0
    total: int = 0
    current: str = ""


@dataclass(frozen=True)
class TrainingProgress:
    """Progress of all runs of a plan.

    Attributes:
        runs: number of finished runs.
        all_runs: number of runs.
        epochs: number of finished epochs, of finished and of open runs.
        all_epochs: number of epochs of all runs.
        images_per_second: training images per second of all running runs together; None if unknown.
        seconds_left: seconds until the open runs are trained on the active workers; None if unknown.
    """

    runs: int
    all_runs: int
    epochs: int
    all_epochs: int
    images_per_second: float | None
    seconds_left: float | None


def training_progress(status: Status) -> TrainingProgress:
    """Return the progress of all runs."""
    epochs = all_epochs = 0
    for run in status.snapshot.runs.values():
        planned = epochs_of(status.plan, run.run)
        all_epochs += planned
        epochs += planned if run.state == "done" else min(run.epoch, planned)
    speeds = [run.images_per_second for run in status.runs_in("running") if run.images_per_second is not None]
    left = status.total.seconds_left
    return TrainingProgress(
        status.total.counts["done"],
        sum(status.total.counts.values()),
        epochs,
        all_epochs,
        sum(speeds) if speeds else None,
        None if left is None else left / max(1, status.active_packs),
    )


class Display(Protocol):
    """A place where progress is shown."""

    def show(self, steps: Steps, status: Status | None) -> None:
        """Show the progress of steps and, where it is known, of runs."""


@contextmanager
def display_for(stream: TextIO) -> Iterator[Display]:
    """Show progress within the block: live if `stream` is a terminal, else in the log."""
    if not stream.isatty():
        yield LoggedProgress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description:<6}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=Console(file=stream), transient=False) as progress:
        yield LiveProgress(progress)


class LiveProgress:
    """Bars of steps, runs and epochs on a terminal."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._tasks = {name: progress.add_task(name, total=None, note="") for name in ("steps", "runs", "epochs")}

    def show(self, steps: Steps, status: Status | None) -> None:
        """Show the progress of steps and, where it is known, of runs."""
        self._update("steps", steps.done, steps.total, steps.current)
        if status is not None:
            training = training_progress(status)
            self._update("runs", training.runs, training.all_runs, _left(training))
            self._update("epochs", training.epochs, training.all_epochs, _speed(training))

    def _update(self, name: str, done: int, total: int, note: str) -> None:
        self._progress.update(self._tasks[name], completed=done, total=total or None, note=note)


class LoggedProgress:
    """Lines in the log, at every finished step and at least every half minute while runs are trained."""

    def __init__(self) -> None:
        self._last: object = None
        self._when = 0.0

    def show(self, steps: Steps, status: Status | None) -> None:
        """Log the progress if it has changed."""
        if not steps.total:
            return
        is_due = time.monotonic() - self._when >= _LOG_EVERY
        if steps == self._last and not is_due:
            return
        parts = [f"{steps.done} of {steps.total} steps"]
        if status is not None:
            training = training_progress(status)
            parts.append(f"{training.runs} of {training.all_runs} runs")
            parts.append(f"{training.epochs} of {training.all_epochs} epochs")
            parts += [part for part in (_speed(training), _left(training)) if part]
        log.info("%s", ", ".join(parts) + (f"; {steps.current}" if steps.current else ""))
        self._last, self._when = steps, time.monotonic()


def _speed(training: TrainingProgress) -> str:
    return "" if training.images_per_second is None else f"{training.images_per_second:,.0f} images/s"


def _left(training: TrainingProgress) -> str:
    if training.runs == training.all_runs:
        return ""
    return "time left unknown" if training.seconds_left is None else f"{duration(training.seconds_left)} left"
