"""Errors of the file system, in words that lead on."""

import errno
from collections.abc import Iterator
from pathlib import Path

_UNREADABLE = {
    errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENODEV,
}  # fmt: skip
_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
_IN_THE_WAY = {errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG}
_LONGEST = 200  # characters of a path in a message


def unreadable(error: BaseException | None) -> OSError | None:
    """Return the error of the file system, of an exception or of what caused it, that kept a file from being read.

    A file that does not exist is no such error.
    """
    return next((cause for cause in _system_errors(error) if cause.errno in _UNREADABLE), None)


def file_error_line(error: BaseException | None) -> str | None:
    """Return one line on the error of the file system behind an exception; None if the user can do nothing about it."""
    for cause in _system_errors(error):
        name, reason = cause.filename, cause.strerror
        if cause.errno in (errno.EMFILE, errno.ENFILE):
            return f"{reason}; raise the limit with `ulimit -n`"
        if isinstance(name, bytes | str):
            path = Path(name.decode(errors="replace") if isinstance(name, bytes) else name)
            if (link := _broken_link(path)) is not None:
                return f"{link}: a link to {link.readlink()}, which is not there; mount that disk, or remove the link"
            if cause.errno in _UNREADABLE:
                return f"{path}: {reason}; make it accessible for this user, then try again"
        else:
            path = Path("the output")
        if cause.errno in _UNWRITABLE:
            return f"{path}: {reason}; make room for it, then run the same command again: finished work is kept"
        if cause.errno in _IN_THE_WAY and name is not None:
            return f"{_shortened(str(path))}: {reason}; move what is there, or choose another path"
    return None


def _system_errors(error: BaseException | None) -> Iterator[OSError]:
    """Yield the errors of the file system among an exception and what caused it."""
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError):
            yield error
        error = error.__cause__ or error.__context__


def _broken_link(path: Path) -> Path | None:
    """Return the first part of a path that is a link to nothing; None if there is none."""
    try:
        return next((part for part in (*reversed(path.parents), path) if part.is_symlink() and not part.exists()), None)
    except OSError:  # a name that is too long, or a loop of links
        return None


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
