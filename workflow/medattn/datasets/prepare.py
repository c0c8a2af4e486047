"""From the original of a data set to its prepared form, which is what training reads."""

from dataclasses import asdict
from pathlib import Path

from medattn.config.models.dataset import DatasetEntry
from medattn.config.sources.sources import ImageFolderSource
from medattn.datasets.archive import unpack
from medattn.datasets.download import Progress, download
from medattn.datasets.folder_images import listed_files
from medattn.datasets.readers import list_images, read_source
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


def prepare(name: str, entry: DatasetEntry, data: Path) -> Path:
    """Read, check and write a data set, unless a whole prepared one stands there already.

    A folder of images is compared with what was prepared, where it is still there; if it changed, it is
    prepared anew.

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
    if _stands(folder, name, entry, data):
        return folder
    reason = missing_reason(name, entry, data)
    if reason is not None:
        raise UserError(f"{name}: {reason}")
    write_store(folder, name, entry, read_source(entry, original_path(name, entry, data), scratch=folder.parent))
    return folder


def fetch(name: str, entry: DatasetEntry, data: Path, progress: Progress | None = None) -> Path:
    """Download the original of a data set where it has an address and is absent, then prepare it.

    Args:
        name: name of the data set.
        entry: its entry.
        data: folder of data.
        progress: told of the bytes that arrived; see `download`.

    Returns:
        The folder of the prepared data set.

    Raises:
        UserError: as `prepare` and `download`.
    """
    if not original_is_there(name, entry, data) and not _stands(prepared_path(name, entry, data), name, entry, data):
        file, original = entry.source.download, original_path(name, entry, data)
        if file and not original.exists():
            download(file.url, original, name=name, size=file.bytes, md5=file.md5, progress=progress)
        elif isinstance(entry.source, ImageFolderSource) and can_be_fetched(name, entry, data):
            unpack(_archives(name, entry.source, data, progress), original)
    return prepare(name, entry, data)


def _archives(name: str, source: ImageFolderSource, data: Path, progress: Progress | None) -> list[Path]:
    """Return the archives in the folder of data, downloading those that are absent.

    Where nobody publishes their hash, and where a person has put them there, the archives' own checksums and the
    counts of the registry tell what they are.
    """
    for file, archive in source.archives.items():
        if archive.url and not (data / file).is_file():
            try:
                download(archive.url, data / file, name=name, size=archive.bytes, md5=archive.md5, progress=progress)
            except UserError as error:
                raise UserError(f"{error}; by hand: {source.obtain}" if source.obtain else str(error)) from error
    return [data / file for file in source.archives]


def _stands(folder: Path, name: str, entry: DatasetEntry, data: Path) -> bool:
    """Whether a whole prepared data set stands in `folder`, made of what the original holds now."""
    try:
        manifest = check_store(folder)
    except UserError:
        return False
    if manifest["dataset"] != name or manifest["entry_sha256"] != entry_identity(name, entry):
        return False
    if isinstance(entry.source, ImageFolderSource) and original_is_there(name, entry, data):
        files = listed_files(list_images(entry, original_path(name, entry, data)))
        return bool(manifest["source_files"] == [asdict(file) for file in files])
    return True
