"""How a process that trains is asked to stop. What it has finished stays; the run under way loses one epoch at most.

SIGTERM, which schedulers send some seconds before they kill: at once, since the last finished epoch is on the disk.
SIGUSR1, a warning well ahead: at the end of the epoch under way, so that nothing is lost.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from medattn.errors import StopRequested


class Stop:
    """Whether this process was asked to stop at the end of an epoch.

    Args:
        parent: id of the process without which this one has nothing to do; None where there is none.
    """

    def __init__(self, parent: int | None = None) -> None:
        self._asked_by: str | None = None
        self._parent = parent
        self._deferred = False

    @property
    def asked(self) -> bool:
        """Whether a signal asked for a stop at the end of the epoch under way."""
        return self._asked_by is not None

    def ask(self, signal_name: str) -> None:
        """Ask for a stop at the end of the epoch under way."""
        self._asked_by = signal_name

    def ask_at_once(self, signal_name: str) -> None:
        """Ask for a stop here and now, or at the end of what must not be left halfway.

        Raises:
            StopRequested: here and now.
        """
        if not self._deferred:
            raise stop_requested(signal_name)
        self.ask(signal_name)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Let no signal stop the body, such as the import of a library that aborts the process when it is left halfway.

        Raises:
            StopRequested: at the end of the body, where a stop was asked for in it.
        """
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False
        if self._asked_by is not None:
            raise stop_requested(self._asked_by)

    def between_epochs(self) -> None:
        """Stop here if it was asked for.

        Raises:
            StopRequested: it was.
        """
        if self._asked_by is not None:
            raise stop_requested(self._asked_by)
        if self._parent not in (None, os.getppid()):
            raise stop_requested("the end of the process that started it")


def stop_requested(signal_name: str) -> StopRequested:
    """Return what ends a process that `signal_name` asked to stop."""
    return StopRequested(f"stopped by {signal_name}; the same command goes on from the last finished epoch")


@contextmanager
def stopping_on_signals(parent: int | None = None) -> Iterator[Stop]:
    """Heed SIGTERM, SIGUSR1 and the end of `parent`, if one is named, in the body; only the main thread may enter.

    Raises:
        StopRequested: one of them came.
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
