"""Fence around the files of a run: a process that has lost its lease puts no file there.

A process can be suspended between any two instructions, for as long as it likes, and a file system cannot rename a file
on the condition that a lease holds. So every file is complete under a temporary name before the lease is checked, and
the files of a finished run get their names in a way that replaces nothing: as hard links, which exist or fail. Their
record comes last, and names their hashes.
"""

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medattn.errors import UserError
from medattn.files import placed_by, sha256_of_file
from medattn.layout import RunPaths
from medattn.provenance.records import check_output, read_record
from medattn.training.lease import Lease, LeaseLostError

log = logging.getLogger(__name__)

_NO_LINKS = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK, errno.EINVAL, errno.EXDEV}


@contextmanager
def fenced(files: RunPaths, lease: Lease) -> Iterator[None]:
    """Let the files of a run be written only while `lease` holds, during the block.

    Writing a file raises LeaseLostError where another process has taken over the run or has finished it.
    """

    def place(temporary: Path, path: Path) -> None:
        lease.check()
        if path == files.record:
            _place_record(temporary, files, lease)
        elif files.record.exists():
            raise _finished_elsewhere(files)
        elif path in files.outputs:
            _place_output(temporary, path, lease)
        else:
            temporary.replace(path)

    with placed_by(files.folder, place):
        yield


def _place_output(temporary: Path, path: Path, lease: Lease) -> None:
    """Give an output its name. One of an earlier attempt, which did not finish, is replaced only if it differs."""
    if _linked(temporary, path) or sha256_of_file(temporary) == sha256_of_file(path):
        return
    lease.check()
    temporary.replace(path)


def _place_record(temporary: Path, files: RunPaths, lease: Lease) -> None:
    """Give the record its name, unless there is one whose files are complete."""
    if _linked(temporary, files.record):
        return
    if _is_complete(files):
        raise _finished_elsewhere(files)
    lease.check()
    log.warning("%s: replaced, because its files are not those that it names", files.record)
    temporary.replace(files.record)


def _is_complete(files: RunPaths) -> bool:
    """Return whether the record is there with every file that it names."""
    try:
        record = read_record(files.record)
        for name in record["outputs"]:
            check_output(record, files.folder / name)
    except UserError:
        return False
    return True


def _linked(temporary: Path, path: Path) -> bool:
    """Give a complete file a second name; return whether that name was free."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:  # on NFS also after a repeated message, of which the first succeeded
        return path.samefile(temporary)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if path.exists():
            return False
        temporary.replace(path)  # a file system without hard links
    return True


def _finished_elsewhere(files: RunPaths) -> LeaseLostError:
    return LeaseLostError(f"another process has finished this run: {files.record}")
