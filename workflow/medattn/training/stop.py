"""Stop requests of a training process. Finished runs stay, and the current run continues from its last checkpoint.

SIGUSR1, an early warning, stops at the end of the current epoch, saves its state and loses nothing. SIGTERM, which
schedulers send some seconds before they kill, does the same if the epoch is expected to end within `GRACE` seconds;
otherwise it stops at once, and the work since the last checkpoint is lost.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from medattn.errors import StopRequested

GRACE = 10.0
"""Seconds after SIGTERM that a process may take to finish its epoch; schedulers usually kill after 30."""


class Stop:
    """Request to stop this process.

    Args:
        parent: id of the process whose end stops this one, too; None where there is none.
    """

    def __init__(self, parent: int | None = None) -> None:
        self._asked_by: str | None = None
        self._parent = parent
        self._deferred = False
        self._epoch_ends: float | None = None
        self._is_ending = False

    @property
    def can_wait(self) -> bool:
        """Whether a signal asked for a stop at the end of the current epoch, however long that takes."""
        return self._asked_by == signal.SIGUSR1.name

    def expect_epoch(self, seconds: float | None) -> None:
        """Note in how many seconds the current epoch is expected to end; None while no epoch is trained."""
        self._epoch_ends = None if seconds is None else time.monotonic() + seconds

    def ask(self, signal_name: str) -> None:
        """Ask for a stop at the end of the current epoch."""
        self._asked_by = signal_name

    def ask_at_once(self, signal_name: str) -> None:
        """Stop now, or at the end of the `deferred` block or of an epoch that ends soon.

        Raises:
            StopRequested: unless signals are deferred, the epoch ends soon, or the process saves its state already.
        """
        if self._is_ending:
            return
        if not self._deferred:
            if self._epoch_ends is None or self._epoch_ends - time.monotonic() > GRACE:
                raise stop_requested(signal_name)
            if not signal.getitimer(signal.ITIMER_REAL)[0]:
                signal.setitimer(signal.ITIMER_REAL, GRACE)
        self.ask(signal_name)

    def end_grace(self) -> None:
        """Stop now, because the epoch did not end in time.

        Raises:
            StopRequested: unless the process saves its state already.
        """
        if not self._is_ending:
            raise stop_requested(self._asked_by or signal.SIGTERM.name)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Defer signals until the block ends; interrupting `import torch` aborts the process.

        Raises:
            StopRequested: at the end of the block, if a signal arrived in it.
        """
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False
        if self._asked_by is not None:
            raise stop_requested(self._asked_by)

    def between_epochs(self) -> None:
        """Stop if a signal asked for it, or if the parent process is gone.

        Raises:
            StopRequested: to stop.
        """
        if self._asked_by is not None:
            self._is_ending = True
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise stop_requested(self._asked_by)
        if self._parent not in (None, os.getppid()):
            raise stop_requested("the end of the process that started it")


def stop_requested(signal_name: str) -> StopRequested:
    """Return the exception that ends a process after `signal_name`."""
    return StopRequested(f"stopped by {signal_name}; the same command continues from the last checkpoint")


@contextmanager
def stopping_on_signals(parent: int | None = None) -> Iterator[Stop]:
    """Turn SIGTERM, SIGUSR1 and the end of `parent` into stop requests during the block; main thread only.

    Raises:
        StopRequested: a stop was requested.
    """
    stop = Stop(parent)

    def at_once(number: int, frame: FrameType | None) -> None:
        stop.ask_at_once(signal.Signals(number).name)

    def grace_is_over(number: int, frame: FrameType | None) -> None:
        stop.end_grace()

    def after_the_epoch(number: int, frame: FrameType | None) -> None:
        stop.ask(signal.Signals(number).name)

    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, at_once),
        signal.SIGUSR1: signal.signal(signal.SIGUSR1, after_the_epoch),
        signal.SIGALRM: signal.signal(signal.SIGALRM, grace_is_over),
    }
    try:
        yield stop
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
