"""Preparation of a data set: from its original to the form that training reads."""

from dataclasses import asdict
from pathlib import Path

from medattn.config.models.dataset import DatasetEntry
from medattn.datasets.archive import unpack
from medattn.datasets.download import Progress, download
from medattn.datasets.store import check_store, write_store
from medattn.errors import UserError
from medattn.plan.availability import (
    can_be_fetched,
    entry_identity,
    missing_reason,
    original_is_there,
    original_path,
    prepared_path,
)
from medattn.sources.base import ImageSource


def prepare(name: str, entry: DatasetEntry, data: Path) -> Path:
    """Read, check and write a data set, unless it is prepared already.

    A folder of images that still exists is compared with the prepared images, and prepared again if it changed.

    Args:
        name: name of the data set.
        entry: its entry.
        data: folder of data.

    Returns:
        The folder of the prepared data set.

    Raises:
        UserError: the original is missing, damaged, or not what the entry promises.
    """
    folder = prepared_path(name, entry, data)
    if _is_prepared(folder, name, entry, data):
        return folder
    reason = missing_reason(name, entry, data)
    if reason is not None:
        raise UserError(f"{name}: {reason}")
    write_store(folder, name, entry, entry.source.read(entry, original_path(name, entry, data), scratch=folder.parent))
    return folder


def fetch(name: str, entry: DatasetEntry, data: Path, progress: Progress | None = None) -> Path:
    """Download the original of a data set if it is absent and has an address, then prepare it.

    Args:
        name: name of the data set.
        entry: its entry.
        data: folder of data.
        progress: called with the bytes received; see `download`.

    Returns:
        The folder of the prepared data set.

    Raises:
        UserError: as `prepare` and `download`.
    """
    prepared = prepared_path(name, entry, data)
    if not original_is_there(name, entry, data) and not _is_prepared(prepared, name, entry, data):
        file, original = entry.source.download, original_path(name, entry, data)
        if file and not original.exists():
            download(file.url, original, name=name, size=file.bytes, md5=file.md5, progress=progress)
        elif entry.source.archive_files and can_be_fetched(name, entry, data):
            unpack(_archives(name, entry.source, data, progress), original)
    return prepare(name, entry, data)


def _archives(name: str, source: ImageSource, data: Path, progress: Progress | None) -> list[Path]:
    """Return the archives in the folder of data, downloading those that are absent.

    Archives without a published hash, and those that a person put there, are checked by their internal checksums and
    by the counts of the registry.
    """
    for file, archive in source.archive_files.items():
        if archive.url and not (data / file).is_file():
            try:
                download(archive.url, data / file, name=name, size=archive.bytes, md5=archive.md5, progress=progress)
            except UserError as error:
                hint = source.obtain_hint
                raise UserError(f"{error}; by hand: {hint}" if hint else str(error)) from error
    return [data / file for file in source.archive_files]


def _is_prepared(folder: Path, name: str, entry: DatasetEntry, data: Path) -> bool:
    """Return whether `folder` contains a complete prepared data set, made from the current original."""
    try:
        manifest = check_store(folder)
    except UserError:
        return False
    if manifest["dataset"] != name or manifest["entry_sha256"] != entry_identity(name, entry):
        return False
    if not original_is_there(name, entry, data):
        return True
    files = entry.source.files_now(entry, original_path(name, entry, data))
    return files is None or bool(manifest["source_files"] == [asdict(file) for file in files])
