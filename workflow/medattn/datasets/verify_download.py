"""The one file that a data set comes as: is it the official one?"""

from pathlib import Path

from medattn.config.sources.sources import Download
from medattn.datasets.source import SourceFile, source_file
from medattn.errors import UserError


def check_original(download: Download, path: Path) -> SourceFile:
    """Check size and MD5 of the file at `path` and return what it is.

    Raises:
        UserError: the file is missing or another one than the official file.
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
