"""Availability of data sets, and what to do where one is not available."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medattn.config.models.dataset import DatasetEntry
from medattn.files import read_json, sha256_of_value
from medattn.layout import prepared_dataset
from medattn.plan.original_content import original_content, prepared_content
from medattn.reading import reading_errors, unexpected_content

_NOT_OF_IMAGES = {"title", "license", "citation", "homepage", "path", "source", "ordinal", "images", "per_class"}


def entry_facts(name: str, entry: DatasetEntry) -> str:
    """Return the SHA-256 of all settings that decide the prepared images.

    Words about the data (title, license, ...) do not count, nor does an address or a path. A stand-in has other facts
    than the data set that it replaces.
    """
    facts: dict[str, Any] = entry.model_dump(exclude=_NOT_OF_IMAGES)
    facts["stand_in"] = bool(entry.stand_in)
    return sha256_of_value(
        {
            "name": name,
            "reader": entry.source.reader_version,
            "source": entry.source.decides_images(),
            **facts,
        }
    )


def entry_identity(name: str, entry: DatasetEntry, content: str | None = None) -> str:
    """Return the SHA-256 that identifies the prepared images: settings and, where no setting fixes it, content.

    Args:
        name: name of the data set.
        entry: its entry.
        content: hash of the files of an original that can change; None where it is unknown or fixed by the settings.
    """
    facts = entry_facts(name, entry)
    return facts if content is None else sha256_of_value([facts, content])


def identity_now(name: str, entry: DatasetEntry, data: Path) -> str:
    """Return the identity of a data set by the content of its original, as far as that is known; see `entry_identity`.

    Args:
        name: name of the data set.
        entry: its entry.
        data: folder of data.
    """
    return known_original(name, entry, data).identity or identity_of_prepared(name, entry, data)


def identity_of_prepared(name: str, entry: DatasetEntry, data: Path) -> str:
    """Return the identity of a data set of which only prepared images, if any, tell the content."""
    return entry_identity(name, entry, prepared_content(name, data, entry_facts(name, entry)))


@dataclass(frozen=True)
class KnownOriginal:
    """What is known of the original of a data set.

    Attributes:
        identity: identity of the data set if its settings, its original, or what is remembered of that, tell it.
        problem: why the original, which is there, can't be read; None if it can, is gone, or has a published hash.
    """

    identity: str | None
    problem: str | None = None


def known_original(name: str, entry: DatasetEntry, data: Path) -> KnownOriginal:
    """Return what is known of the original of a data set; its tables are read, and its images once to hash them."""
    if not entry.source.can_change:
        return KnownOriginal(entry_identity(name, entry))
    content = original_content(name, entry, original_path(name, entry, data), data)
    identity = None if content.sha256 is None else entry_identity(name, entry, content.sha256)
    return KnownOriginal(identity, content.problem)


def prepared_path(name: str, entry: DatasetEntry, data: Path) -> Path:
    """Return the folder of the prepared data set."""
    return prepared_by(known_original(name, entry, data), name, entry, data)


def prepared_by(known: KnownOriginal, name: str, entry: DatasetEntry, data: Path) -> Path:
    """Return the folder of a prepared data set by what is known of its original, else by what is prepared."""
    return prepared_dataset(data, name, known.identity or identity_of_prepared(name, entry, data))


def original_path(name: str, entry: DatasetEntry, data: Path) -> Path:
    """Return the path of the original file or folder of a data set.

    Args:
        name: name of the data set.
        entry: its entry; `entry.path`, the file or its folder, takes precedence.
        data: folder of data.

    Raises:
        UserError: a folder of the path cannot be entered.
    """
    download = entry.source.download
    if entry.path is None:
        return data / (download.file if download else entry.source.folder_name or name)
    path = Path(entry.path)
    if download:
        with reading_errors(path):
            return path / download.file if path.is_dir() else path
    return path


def missing_reason(name: str, entry: DatasetEntry, data: Path, prepared: Path | None = None) -> str | None:
    """Say in a sentence how to get a data set; None if it is available.

    A data set is available if it is prepared or embedded, or if its original exists; not if it could be downloaded
    but has not been.

    Args:
        name: name of the data set.
        entry: its entry.
        data: folder of data.
        prepared: folder of the prepared images that are asked for; None: `prepared_path`.

    Raises:
        UserError: a folder of the original's path cannot be entered.
    """
    if original_is_there(name, entry, data):
        return None
    if ((prepared or prepared_path(name, entry, data)) / "manifest.json").is_file():
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
    """Return whether the original exists, or none is needed; its content is not checked.

    Raises:
        UserError: a folder of its path cannot be entered, so nobody can tell.
    """
    original = original_path(name, entry, data)
    with reading_errors(original):
        return entry.source.is_there(original)


def remarks_on(prepared: Path) -> list[str]:
    """Return the remarks in the manifest of a prepared data set, such as on duplicate images.

    Returns:
        Sentences without full stops; none where the data set is not prepared.

    Raises:
        UserError: the manifest is damaged.
    """
    manifest = prepared / "manifest.json"
    if not manifest.is_file():
        return []
    content = read_json(manifest)
    with unexpected_content(manifest, f"delete {prepared} and run `medattn fetch` again"):
        sentences = [*content["duplicates"]["sentences"], *content.get("notes", [])]
    return [str(sentence) for sentence in sentences]
