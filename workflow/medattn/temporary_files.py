"""Temporary files whose names tell which process writes them, so that those of dead processes can be removed.

A killed process leaves its temporary files, gigabytes for a large data set. The next process that starts the same work
removes them with `sweep`, and never removes a file that a living process still writes.
"""

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from medattn.processes import machine_digest, start_of_process

SILENCE = 3600.0
"""Seconds without a write after which the owner of a temporary file counts as dead if it runs on another machine."""
_LONGEST_NAME = 120
_OWNED = re.compile(r"\.tmp-(?P<machine>[0-9a-f]{8})-(?P<pid>\d{1,10})-(?P<start>\d*)-")
_swept: set[Path] = set()


def new_temporary_file(path: Path) -> Path:
    """Create an empty temporary file next to `path`, with the same suffix, and return it.

    The first call for a folder removes the temporary files that dead processes have left there.
    """
    folder = path.parent.resolve()
    if folder not in _swept:
        _swept.add(folder)
        sweep(folder)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=_prefix(), suffix=f".{path.name[-_LONGEST_NAME:]}")
    os.close(descriptor)
    return Path(name)


@contextmanager
def temporary_folder(path: Path) -> Iterator[Path]:
    """Yield a new temporary folder next to `path`, which is removed at the end."""
    sweep(path.parent)
    with tempfile.TemporaryDirectory(
        dir=path.parent, prefix=_prefix(), suffix=f".{path.name[-_LONGEST_NAME:]}"
    ) as name:
        yield Path(name)


def sweep(folder: Path) -> None:
    """Remove the temporary files and folders of dead processes from a folder, without its subfolders."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            path = Path(entry.path)
            if is_abandoned(path):
                with suppress(OSError):  # another process may remove it first
                    shutil.rmtree(path) if entry.is_dir(follow_symlinks=False) else path.unlink()


def is_abandoned(path: Path) -> bool:
    """Return whether a file or folder is temporary and the process that made it is dead, as far as names can tell."""
    owned = _OWNED.match(path.name)
    if owned is None:
        return False
    if owned["machine"] == machine_digest():
        return start_of_process(int(owned["pid"])) != owned["start"]
    return _is_silent(path)


def _prefix() -> str:
    pid = os.getpid()
    return f".tmp-{machine_digest()}-{pid}-{start_of_process(pid)}-"


def _is_silent(path: Path) -> bool:
    try:
        return time.time() - path.lstat().st_mtime > SILENCE
    except OSError:
        return False
