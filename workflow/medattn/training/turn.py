"""One process at a time works on a run: jobs that outlive a killed workflow, and those of the next call."""

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from medattn.files import disk_errors
from medattn.layout import RunFiles


@contextmanager
def own_turn(files: RunFiles, label: str) -> Iterator[None]:
    """Hold the run of `files` for this process; wait, and say so, while another one holds it.

    A killed process holds nothing. Where the file system knows no locks, nothing is held.

    Args:
        files: the files of the run; its folder is made.
        label: names the run in the message.

    Raises:
        UserError: the disk refuses.
    """
    with disk_errors(files.lock):
        files.folder.mkdir(parents=True, exist_ok=True)
        stream = files.lock.open("a")
    with stream:
        _wait(stream, label)
        yield
        if files.record.exists():  # else others, who wait for this very file, would miss each other
            files.lock.unlink(missing_ok=True)


def _wait(stream: IO[str], label: str) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"{label}: another process trains this run; waiting for it", file=sys.stderr, flush=True)
        fcntl.flock(stream, fcntl.LOCK_EX)
    except OSError:
        pass
