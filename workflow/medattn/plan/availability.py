"""Whether a data set is at hand, and what to do where it is not. Planning asks this: no numerical library."""

from pathlib import Path
from typing import Any

from medattn.config.dataset import DatasetEntry, FolderSource, MedmnistSource
from medattn.files import read_json, sha256_of_value
from medattn.layout import prepared_dataset

READERS = {"digits": 1, "phantom": 1, "medmnist": 1, "folder": 1}
"""Version of each reader, raised when it gives other images than before: prepared data are made anew then."""

_IN_WORDS_ONLY = {"title", "licence", "citation", "homepage", "path"}


def entry_identity(name: str, entry: DatasetEntry) -> str:
    """Return the SHA-256 of all that decides the prepared images: a data set with its settings.

    Words about the data (title, licence, ...) do not count, nor where a file comes from or lies whose hash
    is fixed. A folder of images is fixed by no hash, so its `path`, where one is configured, tells it from
    others of the same name.
    """
    facts: dict[str, Any] = entry.model_dump(exclude=_IN_WORDS_ONLY)
    for key in ("url", "obtain"):
        facts["source"].pop(key, None)
    if isinstance(entry.source, FolderSource) and entry.path is not None:
        facts["path"] = entry.path
    return sha256_of_value({"name": name, "reader": READERS[entry.source.kind], **facts})


def prepared_path(name: str, entry: DatasetEntry, data: Path) -> Path:
    """Return the folder where the data set lies once prepared."""
    return prepared_dataset(data, name, entry_identity(name, entry))


def original_path(name: str, entry: DatasetEntry, data: Path) -> Path:
    """Return where the original file or folder of a data set belongs.

    Args:
        name: name of the data set.
        entry: its entry; `entry.path` wins where it is given: the file, or the folder that holds it.
        data: folder of data.
    """
    file = entry.source.file if isinstance(entry.source, MedmnistSource) else None
    if entry.path is None:
        return data / (file or name)
    path = Path(entry.path).expanduser()
    return path / file if file and path.is_dir() else path


def missing_reason(name: str, entry: DatasetEntry, data: Path) -> str | None:
    """Say in a sentence what to do to get a data set, or None where nothing stands in the way of using it.

    A data set is at hand if it is prepared, embedded (digits, phantom), or if its original is there; not if
    it could be downloaded but has not been.
    """
    if (prepared_path(name, entry, data) / "manifest.json").is_file():
        return None
    source, path = entry.source, original_path(name, entry, data)
    if isinstance(source, MedmnistSource):
        return None if path.is_file() else f"not at hand: run `medattn fetch {name}`, or put the file at {path}"
    if isinstance(source, FolderSource):
        if (path / "images.csv").is_file():
            return None
        return f"not at hand, {path / 'images.csv'} is missing: {source.obtain or 'put the images there'}"
    return None


def duplicates_in(prepared: Path) -> list[str]:
    """Return what the manifest of a prepared data set says of images that stand more than once, a sentence each.

    Nothing where the data set is not prepared yet.
    """
    manifest = prepared / "manifest.json"
    if not manifest.is_file():
        return []
    return [str(sentence) for sentence in read_json(manifest)["duplicates"]["sentences"]]
