"""Stop requests of a training process. Finished runs stay; the current run loses one epoch at most.

SIGTERM, which schedulers send some seconds before they kill, stops at once: the last finished epoch is on the disk.
SIGUSR1, an early warning, stops at the end of the current epoch and loses nothing.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from medattn.errors import StopRequested


class Stop:
    """Request to stop this process.

    Args:
        parent: id of the process whose end stops this one, too; None where there is none.
    """

    def __init__(self, parent: int | None = None) -> None:
        self._asked_by: str | None = None
        self._parent = parent
        self._deferred = False

    @property
    def asked(self) -> bool:
        """Whether a signal asked for a stop at the end of the current epoch."""
        return self._asked_by is not None

    def ask(self, signal_name: str) -> None:
        """Ask for a stop at the end of the current epoch."""
        self._asked_by = signal_name

    def ask_at_once(self, signal_name: str) -> None:
        """Stop now, or at the end of the `deferred` block that runs now.

        Raises:
            StopRequested: unless signals are deferred.
        """
        if not self._deferred:
            raise stop_requested(signal_name)
        self.ask(signal_name)

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
            raise stop_requested(self._asked_by)
        if self._parent not in (None, os.getppid()):
            raise stop_requested("the end of the process that started it")


def stop_requested(signal_name: str) -> StopRequested:
    """Return the exception that ends a process after `signal_name`."""
    return StopRequested(f"stopped by {signal_name}; the same command continues from the last finished epoch")


@contextmanager
def stopping_on_signals(parent: int | None = None) -> Iterator[Stop]:
    """Turn SIGTERM, SIGUSR1 and the end of `parent` into stop requests during the block; main thread only.

    Raises:
        StopRequested: a stop was requested.
    """
    stop = Stop(parent)

    def at_once(number: int, frame: FrameType | None) -> None:
        stop.ask_at_once(signal.Signals(number).name)

    def after_the_epoch(number: int, frame: FrameType | None) -> None:
        stop.ask(signal.Signals(number).name)

    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, at_once),
        signal.SIGUSR1: signal.signal(signal.SIGUSR1, after_the_epoch),
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
