"""How a process that trains is asked to stop. What it has finished stays; the run under way loses one epoch at most.

SIGTERM, which schedulers send some seconds before they kill: at once, since the last finished epoch is on the disk.
SIGUSR1, a warning well ahead: at the end of the epoch under way, so that nothing is lost.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from medattn.errors import StopRequested


class Stop:
    """Whether this process was asked to stop at the end of an epoch."""

    def __init__(self) -> None:
        self._asked_by: str | None = None

    def ask(self, signal_name: str) -> None:
        """Ask for a stop at the end of the epoch under way."""
        self._asked_by = signal_name

    def between_epochs(self) -> None:
        """Stop here if it was asked for.

        Raises:
            StopRequested: it was.
        """
        if self._asked_by is not None:
            raise stop_requested(self._asked_by)


def stop_requested(signal_name: str) -> StopRequested:
    """Return what ends a process that `signal_name` asked to stop."""
    return StopRequested(f"stopped by {signal_name}; the same command goes on from the last finished epoch")


@contextmanager
def stopping_on_signals() -> Iterator[Stop]:
    """Heed SIGTERM and SIGUSR1 in the body; only the main thread may enter.

    Raises:
        StopRequested: one of them came.
    """
    stop = Stop()

    def at_once(number: int, frame: FrameType | None) -> None:
        raise stop_requested(signal.Signals(number).name)

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
