"""Folders in the folder of data that several processes may make at once, on one machine or several.

A folder is made aside, under a name that no other process uses, and renamed. A folder that exists is never replaced by
renaming, so of two processes one wins. A lock makes the others wait instead of doing the same work; where the file
system has no locks, the work is done twice and the result is the same.
"""

import errno
import fcntl
import logging
import os
import shutil
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from medattn.errors import UserError
from medattn.files import disk_errors

log = logging.getLogger(__name__)

_ABANDONED_S = 7 * 24 * 3600
"""Age of the last change in a folder of another machine after which nobody works on it."""
_NO_LOCK = "not a file, but it has the name of a lock; remove it"


@contextmanager
def exclusive(path: Path) -> Iterator[bool]:
    """Hold the lock of `path` until the block ends; wait for another process that holds it.

    Yields whether the file system has locks. The lock is the empty file `.<name>.lock` beside `path`, which stays. A
    process that ends releases its locks.

    Raises:
        UserError: the folder of `path` can't be written, or something else has the name of the lock.
    """
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = _opened_lock(path.parent / f".{path.name}.lock")
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            locked = True
        except BlockingIOError:
            log.info("%s: waiting for another process that makes it", path)
            fcntl.flock(stream, fcntl.LOCK_EX)
            locked = True
        except OSError:
            locked = False
        yield locked


def _opened_lock(path: Path) -> BinaryIO:
    """Open the file of a lock, which is made if it does not exist, without waiting for the other end of a pipe.

    Raises:
        UserError: it is no regular file.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    except OSError as error:
        if error.errno in (errno.EISDIR, errno.ELOOP, errno.ENXIO):
            raise UserError(f"{path}: {_NO_LOCK}") from error
        raise
    stream = os.fdopen(descriptor, "r+b", buffering=0)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        stream.close()
        raise UserError(f"{path}: {_NO_LOCK}")
    return stream


@contextmanager
def made_aside(folder: Path, locked: bool) -> Iterator[Path]:
    """Yield an empty folder beside `folder`, which is deleted after the block if it was not published.

    Args:
        folder: the folder to make.
        locked: whether the caller holds the lock of `folder`: folders that killed processes left are then deleted.

    Raises:
        UserError: the folder can't be written.
    """
    if locked:
        _sweep(folder)
    with disk_errors(folder):
        aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f"{_prefix(folder)}{_host()}."))
        aside.chmod(0o777 & ~_umask())
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def publish(aside: Path, folder: Path) -> bool:
    """Rename `aside` to `folder`; return False, without a change, if `folder` exists and is not empty.

    Raises:
        UserError: the folder can't be written.
    """
    with disk_errors(folder):
        try:
            aside.rename(folder)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                return False
            raise
    return True


def replace(folder: Path, aside: Path) -> None:
    """Replace a damaged folder or file by `aside`; the damaged one is deleted after it."""
    with disk_errors(folder):
        old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f"{_prefix(folder)}{_host()}."))
        try:
            with suppress(FileNotFoundError):
                folder.rename(old / "damaged")
            publish(aside, folder)
        finally:
            shutil.rmtree(old, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Delete what killed processes left beside `folder`: of this machine, or of others and long unchanged."""
    with suppress(OSError):
        for path in folder.parent.iterdir():
            if path.name.startswith(_prefix(folder)):
                mine = path.name.startswith(f"{_prefix(folder)}{_host()}.")
                if mine or _last_change(path) < time.time() - _ABANDONED_S:
                    log.info("%s: deleting what a killed process left", path)
                    shutil.rmtree(path, ignore_errors=True)


def _last_change(folder: Path) -> float:
    times = [folder.stat().st_mtime]
    for path in folder.rglob("*"):
        with suppress(OSError):
            times.append(path.stat().st_mtime)
    return max(times)


def _prefix(folder: Path) -> str:
    return f".{folder.name}.making."


def _host() -> str:
    return socket.gethostname().replace("/", "_")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
