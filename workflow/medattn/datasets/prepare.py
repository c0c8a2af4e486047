"""From the original of a data set to its prepared form, which is what training reads."""

from dataclasses import asdict
from pathlib import Path

from medattn.config.dataset import DatasetEntry, FolderSource, MedmnistSource
from medattn.datasets.download import Progress, download
from medattn.datasets.folder import TABLE, folder_files
from medattn.datasets.readers import READ
from medattn.datasets.store import check_store, write_store
from medattn.errors import UserError
from medattn.plan.availability import entry_identity, missing_reason, original_path, prepared_path


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
    write_store(folder, name, entry, READ[entry.source.kind](entry, original_path(name, entry, data)))
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
    source, original = entry.source, original_path(name, entry, data)
    if (
        isinstance(source, MedmnistSource)
        and not original.exists()
        and not _stands(prepared_path(name, entry, data), name, entry, data)
    ):
        download(source.url, original, name=name, size=source.bytes, md5=source.md5, progress=progress)
    return prepare(name, entry, data)


def _stands(folder: Path, name: str, entry: DatasetEntry, data: Path) -> bool:
    """Whether a whole prepared data set stands in `folder`, made of what the original holds now."""
    try:
        manifest = check_store(folder)
    except UserError:
        return False
    if manifest["dataset"] != name or manifest["entry_sha256"] != entry_identity(name, entry):
        return False
    original = original_path(name, entry, data)
    if isinstance(entry.source, FolderSource) and (original / TABLE).is_file():
        return bool(manifest["source_files"] == [asdict(file) for file in folder_files(entry, original)])
    return True
