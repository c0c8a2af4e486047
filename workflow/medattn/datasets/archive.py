"""Safe unpacking of archives: nothing is written outside the folder, and not more bytes than the archive can hold.

Only plain files and folders are unpacked. An archive with an absolute path, a path with `..`, a link, a device or two
members of one name, or one that is packed by another method than deflate, is refused as a whole.
"""

import gzip
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from medattn.datasets.shared_folder import made_aside, publish
from medattn.errors import UserError
from medattn.files import disk_errors
from medattn.litter import is_litter

MOST_MEMBERS = 1_000_000
RATIO = 20
"""Bytes of images per byte of the archive at most, unless the data set declares how much it unpacks to."""
_SLACK = 1 << 20
_LARGEST_HEADER = 1 << 20
_CHUNK = 1 << 20
_ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Methods whose output Python bounds: of the others, it unpacks all that a piece of the archive holds."""


@dataclass(frozen=True)
class _Member:
    """A member of an archive: its path, its announced bytes, and the function that opens it (None for a folder)."""

    name: str
    size: int
    open: Callable[[], IO[bytes] | None] | None


def unpack(archives: Mapping[Path, int | None], folder: Path, locked: bool = False) -> None:
    """Unpack zip and tar.gz archives to `folder`, which appears only when all of them are unpacked.

    Args:
        archives: the archives, with the bytes that each may unpack to; None: `RATIO` times its size and 1 MiB, which
            images never need.
        folder: a folder that does not exist.
        locked: whether the caller holds the lock of `folder`; see `made_aside`.

    Raises:
        UserError: an archive is damaged, too large or contains a forbidden member, or the folder can't be written;
            nothing is left.
    """
    with disk_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    with made_aside(folder, locked) as aside:
        for archive, largest in archives.items():
            _unpack(archive, aside, largest)
        if not publish(aside, folder):
            raise UserError(f"{folder}: exists; nothing is unpacked into it")


def _unpack(archive: Path, folder: Path, declared: int | None) -> None:
    written = count = 0
    try:
        largest = RATIO * archive.stat().st_size + _SLACK if declared is None else declared
        for member in _members(archive, largest):
            path = _path(member.name, archive)
            count += 1
            written += member.size
            if written > largest or count > MOST_MEMBERS:
                raise UserError(_too_large(archive, largest))
            if not is_litter(path):
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


def _too_large(archive: Path, largest: int) -> str:
    return (
        f"{archive}: unpacks to more than {largest} bytes or {MOST_MEMBERS} files; refused. If it is the right "
        "archive, declare its `unpacked_bytes` in the source of the data set"
    )


class _BoundedGzip(gzip.GzipFile):
    """Gzip stream that stops when it has given more bytes than an archive may hold, or is asked for a huge header."""

    def __init__(self, archive: Path, largest: int) -> None:
        super().__init__(archive, "rb")
        self._archive, self._largest = archive, largest

    def read(self, size: int | None = -1) -> bytes:
        """Read `size` bytes.

        Raises:
            UserError: they are too many.
        """
        if size is None or not 0 <= size <= _LARGEST_HEADER:
            raise UserError(f"{self._archive}: has a header that is too large; refused")
        # Each member has a header of 512 bytes and is filled up to a multiple of it.
        if self.tell() > 2 * self._largest + _SLACK + 2048 * MOST_MEMBERS:
            raise UserError(_too_large(self._archive, self._largest))
        return super().read(size)


def _members(archive: Path, largest: int) -> Iterator[_Member]:
    if archive.suffix.lower() == ".zip":
        with zipfile.ZipFile(archive) as opened:
            if sum(info.file_size for info in opened.infolist()) > largest:
                raise UserError(_too_large(archive, largest))  # before thousands of files are written
            for info in opened.infolist():
                mode = info.external_attr >> 16
                if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                    raise UserError(f"{archive}: {info.filename!r} is neither a plain file nor a folder; refused")
                if info.compress_type not in _ZIP_METHODS:
                    raise UserError(
                        f"{archive}: {info.filename!r} is packed by a method other than deflate, which can't be "
                        "unpacked within limits; pack the archive again"
                    )
                yield _Member(info.filename, info.file_size, None if info.is_dir() else _opener(opened, info))
        return
    with _BoundedGzip(archive, largest) as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
        for entry in tar:
            if not (entry.isreg() or entry.isdir()) or entry.issparse():
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
