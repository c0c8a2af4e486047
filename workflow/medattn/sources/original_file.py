"""Files that images are read from: their hashes, and the check of a downloaded file."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from medattn.errors import UserError


@dataclass(frozen=True)
class Download:
    """An original that is one file with an address: its name, URL, MD5 and, where known, size in bytes."""

    file: str
    url: str
    md5: str
    bytes: int | None


@dataclass(frozen=True)
class SourceFile:
    """A file that images were read from, identified by its size in bytes and its hashes, not by its path."""

    name: str
    bytes: int
    sha256: str
    md5: str | None = None


def source_file(path: Path) -> SourceFile:
    """Return size and hashes of the file at `path`."""
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            sha256.update(chunk)
            md5.update(chunk)
            size += len(chunk)
    return SourceFile(path.name, size, sha256.hexdigest(), md5.hexdigest())


def check_original(download: Download, path: Path) -> SourceFile:
    """Check that the file at `path` is the official one, by size and MD5, and return its hashes.

    Raises:
        UserError: the file is missing or another one.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; run `medattn fetch`, or copy {download.file} there")
    size = path.stat().st_size
    if download.bytes is not None and size != download.bytes:
        raise UserError(
            f"{path}: {size} bytes, but {download.file} has {download.bytes}; delete it and run `medattn fetch` again"
        )
    file = source_file(path)
    if file.md5 != download.md5:
        raise UserError(
            f"{path}: its MD5 is {file.md5}, but that of {download.file} is {download.md5}; "
            "delete it and run `medattn fetch` again"
        )
    return file
