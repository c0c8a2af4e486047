"""Availability of data sets, and what to do where one is not available."""

from pathlib import Path
from typing import Any

from medattn.config.models.dataset import DatasetEntry
from medattn.files import read_json, sha256_of_value
from medattn.layout import prepared_dataset

_NOT_OF_IMAGES = {"title", "license", "citation", "homepage", "path", "source", "ordinal", "images", "per_class"}


def entry_identity(name: str, entry: DatasetEntry) -> str:
    """Return the SHA-256 of all settings that decide the prepared images.

    Words about the data (title, license, ...) do not count, nor does the address or path of a file whose hash is
    known. A user's own folder of images has no known hash, so its configured `path` tells it from others of the same
    name. A stand-in has another identity than the data set that it replaces.
    """
    facts: dict[str, Any] = entry.model_dump(exclude=_NOT_OF_IMAGES)
    if entry.source.path_is_identity and entry.path is not None:
        facts["path"] = entry.path
    facts["stand_in"] = bool(entry.stand_in)
    return sha256_of_value(
        {
            "name": name,
            "reader": entry.source.reader_version,
            "source": entry.source.decides_images(),
            **facts,
        }
    )


def prepared_path(name: str, entry: DatasetEntry, data: Path) -> Path:
    """Return the folder of the prepared data set."""
    return prepared_dataset(data, name, entry_identity(name, entry))


def original_path(name: str, entry: DatasetEntry, data: Path) -> Path:
    """Return the path of the original file or folder of a data set.

    Args:
        name: name of the data set.
        entry: its entry; `entry.path`, the file or its folder, takes precedence.
        data: folder of data.
    """
    download = entry.source.download
    if entry.path is None:
        return data / (download.file if download else entry.source.folder_name or name)
    path = Path(entry.path)
    if download:
        return path / download.file if path.is_dir() else path
    return path


def missing_reason(name: str, entry: DatasetEntry, data: Path) -> str | None:
    """Say in a sentence how to get a data set; None if it is available.

    A data set is available if it is prepared or embedded, or if its original exists; not if it could be downloaded
    but has not been.
    """
    if (prepared_path(name, entry, data) / "manifest.json").is_file() or original_is_there(name, entry, data):
        return None
    source, path = entry.source, original_path(name, entry, data)
    if source.download:
        return f"not available: run `medattn fetch {name}`, or put the file at {path}"
    if can_be_fetched(name, entry, data):
        return f"not available: run `medattn fetch {name}`, or put the images into {path}"
    return f"not available, {source.needed_path(path)} is missing: {source.obtain_hint or 'put the images there'}"


def can_be_fetched(name: str, entry: DatasetEntry, data: Path) -> bool:
    """Return whether `medattn fetch` can get a data set: by download, or from archives in the folder of data."""
    if entry.source.download or original_is_there(name, entry, data):
        return True
    archives = entry.source.archive_files
    whole = bool(archives) and all(archive.url or (data / file).is_file() for file, archive in archives.items())
    # An existing folder without the images may be a user's work: nothing is unpacked into it.
    return whole and not original_path(name, entry, data).exists()


def original_is_there(name: str, entry: DatasetEntry, data: Path) -> bool:
    """Return whether the original exists, or none is needed; its content is not checked."""
    return entry.source.is_there(original_path(name, entry, data))


def remarks_on(prepared: Path) -> list[str]:
    """Return the remarks in the manifest of a prepared data set, such as on duplicate images.

    Returns:
        Sentences without full stops; none where the data set is not prepared.
    """
    manifest = prepared / "manifest.json"
    if not manifest.is_file():
        return []
    content = read_json(manifest)
    return [str(sentence) for sentence in [*content["duplicates"]["sentences"], *content.get("notes", [])]]
