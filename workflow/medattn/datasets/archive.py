"""Safe unpacking of archives: nothing is written outside the folder, and not more bytes than announced.

Only plain files and folders are unpacked. An archive with an absolute path, a path with `..`, a link, a device or two
members of one name is refused as a whole.
"""

import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from medattn.datasets.shared_folder import made_aside, publish
from medattn.errors import UserError
from medattn.files import disk_errors

LARGEST_BYTES = 1 << 37
MOST_MEMBERS = 1_000_000
_CHUNK = 1 << 20
_SYSTEM_FILES = {"__MACOSX", ".DS_Store"}


@dataclass(frozen=True)
class _Member:
    """A member of an archive: its path, its announced bytes, and the function that opens it (None for a folder)."""

    name: str
    size: int
    open: Callable[[], IO[bytes] | None] | None


def unpack(archives: list[Path], folder: Path, largest: int = LARGEST_BYTES, locked: bool = False) -> None:
    """Unpack zip and tar.gz archives to `folder`, which appears only when all of them are unpacked.

    Args:
        archives: the archives.
        folder: a folder that does not exist.
        largest: largest number of bytes of all members together.
        locked: whether the caller holds the lock of `folder`; see `made_aside`.

    Raises:
        UserError: an archive is damaged, too large or contains a forbidden member, or the folder can't be written;
            nothing is left.
    """
    with disk_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    with made_aside(folder, locked) as aside:
        for archive in archives:
            largest -= _unpack(archive, aside, largest)
        if not publish(aside, folder):
            raise UserError(f"{folder}: exists; nothing is unpacked into it")


def _unpack(archive: Path, folder: Path, largest: int) -> int:
    """Unpack one archive and return its bytes."""
    written = count = 0
    try:
        for member in _members(archive):
            path = _path(member.name, archive)
            count += 1
            written += member.size
            if written > largest or count > MOST_MEMBERS:
                raise UserError(f"{archive}: unpacks to more than {largest} bytes or {MOST_MEMBERS} files; refused")
            if _SYSTEM_FILES.isdisjoint(path.parts) and not path.name.startswith("._"):
                with disk_errors(folder):
                    _write(member, folder / path, archive)
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        lzma.LZMAError,
        struct.error,
        EOFError,
        OSError,  # names that no file system accepts, a file in place of a folder
        ValueError,  # names that are not text, sizes that are not numbers
        LookupError,
        NotImplementedError,  # a compression that Python does not support
        RuntimeError,  # a password
    ) as error:
        raise UserError(f"{archive}: not a readable archive ({error}); delete it and download it again") from error
    return written


def _members(archive: Path) -> Iterator[_Member]:
    if archive.suffix.lower() == ".zip":
        with zipfile.ZipFile(archive) as opened:
            for info in opened.infolist():
                mode = info.external_attr >> 16
                if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                    raise UserError(f"{archive}: {info.filename!r} is neither a plain file nor a folder; refused")
                yield _Member(info.filename, info.file_size, None if info.is_dir() else _opener(opened, info))
        return
    with tarfile.open(archive, "r:gz") as tar:
        for entry in tar:
            if not (entry.isreg() or entry.isdir()):
                raise UserError(f"{archive}: {entry.name!r} is neither a plain file nor a folder; refused")
            yield _Member(entry.name, entry.size, None if entry.isdir() else _tar_opener(tar, entry))


def _opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: archive.open(info)


def _tar_opener(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> Callable[[], IO[bytes] | None]:
    return lambda: archive.extractfile(entry)


def _path(name: str, archive: Path) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or ":" in (path.parts or ("",))[0]:
        raise UserError(f"{archive}: {name!r} would lie outside the folder; refused")
    return path


def _write(member: _Member, target: Path, archive: Path) -> None:
    if member.open is None:
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        raise UserError(f"{archive}: {member.name!r} occurs twice; refused")
    source = member.open()
    assert source is not None
    left = member.size
    with source, target.open("xb") as stream:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise UserError(f"{archive}: {member.name!r} is larger than announced; refused")
            stream.write(chunk)
    if left:
        raise UserError(f"{archive}: {member.name!r} is truncated; delete the archive and download it again")
