"""Heartbeat of a process: a file that it touches, so that other processes and machines see that it is alive."""

import os
import threading
from pathlib import Path

INTERVAL = 15.0
"""Seconds between two touches of a file."""


class Heartbeat:
    """Thread that touches a file every few seconds, until it is stopped or the file is gone.

    Args:
        path: the file, which exists.
        name: name of the thread.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._touch, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop touching the file; it stays."""
        self._over.set()
        self._thread.join()

    def _touch(self) -> None:
        while not self._over.wait(INTERVAL):
            try:
                os.utime(self._path)
            except FileNotFoundError:
                return
            except OSError:  # the file system may be unreachable for a moment
                continue
