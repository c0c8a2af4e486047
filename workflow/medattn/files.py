"""Atomic writing of files, and hashes."""

import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from medattn.errors import UserError
from medattn.reading import open_file
from medattn.reading import read_json as read_json
from medattn.temporary_files import new_temporary_file

MAX_HASHED = 1 << 50
"""Largest file that is hashed: there is no limit but that of file systems."""


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Report errors of the file system (full, read-only, forbidden, lost) as one line with `path`.

    Raises:
        UserError: the disk is full, the folder is read-only, access is denied, or the file system is lost.
    """
    reasons = {
        errno.ENOSPC: "the disk is full; free some space",
        errno.EDQUOT: "the disk quota is used up; free some space",
        errno.EROFS: "the file system is read-only; choose a writable folder",
        errno.EACCES: "permission denied; choose a writable folder",
        errno.EPERM: "permission denied; choose a writable folder",
        **dict.fromkeys(
            (errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENODEV),
            "the file system is gone or has failed; restore it",
        ),
    }
    try:
        yield
    except OSError as error:
        if error.errno not in reasons:
            raise
        reason = reasons[error.errno]
        raise UserError(f"{path}: {reason} and run the same command again: finished work is kept") from error


Place = Callable[[Path, Path], None]
"""Function that gives a complete temporary file its final name, or raises an error."""
_places: ContextVar[tuple[tuple[Path, Place], ...]] = ContextVar("places", default=())


@contextmanager
def placed_by(folder: Path, place: Place) -> Iterator[None]:
    """Let `place` give every file that is written atomically in `folder` its final name, during the block."""
    token = _places.set((*_places.get(), (folder.absolute(), place)))
    try:
        yield
    finally:
        _places.reset(token)


def _place(temporary: Path, path: Path) -> None:
    for folder, place in reversed(_places.get()):
        if path.absolute().parent == folder:
            place(temporary, path)
            return
    temporary.replace(path)


def atomic_write(path: Path, fill: Callable[[Path], None], confirm: Callable[[], None] | None = None) -> None:
    """Write a file atomically: `fill` writes a temporary file, which is flushed and renamed to `path`.

    Args:
        path: the file.
        fill: writes its content to the path that it gets.
        confirm: called immediately before the file is renamed; an error that it raises leaves `path` as it is.

    Raises:
        UserError: the file system reports an error (see `disk_errors`); no temporary file is left.
    """
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = new_temporary_file(path)
        try:
            fill(temporary)
            with temporary.open("rb+") as stream:
                os.fsync(stream.fileno())
            temporary.chmod(0o666 & ~_umask())
            if confirm is not None:
                confirm()
            _place(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` atomically, in UTF-8."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically."""
    atomic_write(path, lambda temporary: _write_bytes(temporary, content))


def write_json(path: Path, value: object, confirm: Callable[[], None] | None = None) -> None:
    """Write `value` to `path` atomically as indented JSON; `confirm` is that of `atomic_write`."""
    text = json_text(value)
    atomic_write(path, lambda temporary: _write_bytes(temporary, text.encode()), confirm)


def json_text(value: object) -> str:
    """Return `value` as indented JSON, the text of a file of results."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of the file's bytes, in hexadecimal.

    Raises:
        UserError: the file is missing, is no regular file or can't be read.
    """
    with open_file(path, limit=MAX_HASHED) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_of_value(value: object) -> str:
    """Return the SHA-256 of a JSON value in its canonical form (sorted keys, no spaces), in hexadecimal."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
