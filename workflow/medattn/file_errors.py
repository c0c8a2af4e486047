"""Errors of the file system that keep a file from being read, although it may be there and whole."""

import errno

_UNREADABLE = {
    errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENODEV,
}  # fmt: skip


def unreadable(error: BaseException | None) -> OSError | None:
    """Return the error of the file system, of an exception or of what caused it, that kept a file from being read.

    A file that does not exist is no such error.
    """
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) and error.errno in _UNREADABLE:
            return error
        error = error.__cause__ or error.__context__
    return None
