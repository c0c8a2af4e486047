"""Whether a data set is at hand, and what to do where it is not. Planning asks this: no numerical library."""

from pathlib import Path
from typing import Any

from medattn.config.models.dataset import DatasetEntry
from medattn.config.sources.sources import (
    ClassFoldersSource,
    FolderSource,
    IdridSource,
    ImageFolderSource,
    Isic2018Source,
    JaffeSource,
)
from medattn.files import read_json, sha256_of_value
from medattn.layout import prepared_dataset

READERS = {
    "digits": 1,
    "phantom": 2,
    "medmnist": 2,
    "cifar": 1,
    "folder": 1,
    "class_folders": 1,
    "idrid": 1,
    "jaffe": 1,
    "isic2018": 1,
}
"""Version of each reader, raised when it gives other images than before: prepared data are made anew then."""

_NOT_OF_IMAGES = {"title", "license", "citation", "homepage", "path", "source", "ordinal", "images", "per_class"}
_FOLDERS_INSIDE = {
    "idrid": ("B. Disease Grading", "B.%20Disease%20Grading", "Disease Grading"),
    "class_folders": ("OCT2017", "OCT2017 "),  # the latter in copies of other hosts
}
"""Folders that archives unpack to, in which the original may lie."""


def entry_identity(name: str, entry: DatasetEntry) -> str:
    """Return the SHA-256 of all that decides the prepared images: a data set with its settings.

    Words about the data (title, license, ...) do not count, nor where a file comes from or lies whose hash
    is fixed. A folder of images of the user's own is fixed by no hash, so its `path`, where one is configured, tells
    it from others of the same name. A stand-in is another data set than the one that it stands for.
    """
    facts: dict[str, Any] = entry.model_dump(exclude=_NOT_OF_IMAGES)
    if isinstance(entry.source, FolderSource | ClassFoldersSource) and entry.path is not None:
        facts["path"] = entry.path
    facts["stand_in"] = bool(entry.stand_in)
    return sha256_of_value(
        {
            "name": name,
            "reader": READERS[entry.source.kind],
            "source": entry.source.decides_images(),
            **facts,
        }
    )


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
    download = entry.source.download
    if entry.path is None:
        return data / (download.file if download else entry.source.folder_name or name)
    path = Path(entry.path).expanduser()
    if download:
        return path / download.file if path.is_dir() else path
    return path


def image_root(entry: DatasetEntry, path: Path) -> Path:
    """Return the folder that holds the images of a loose source: `path`, or one that an archive unpacked in it."""
    inside = [path / name for name in _FOLDERS_INSIDE.get(entry.source.kind, ())]
    return next((root for root in (path, *inside) if _marker(entry, root).exists()), path)


def missing_reason(name: str, entry: DatasetEntry, data: Path) -> str | None:
    """Say in a sentence what to do to get a data set, or None where nothing stands in the way of using it.

    A data set is at hand if it is prepared, embedded (digits, phantom), or if its original is there; not if
    it could be downloaded but has not been.
    """
    if (prepared_path(name, entry, data) / "manifest.json").is_file():
        return None
    if original_is_there(name, entry, data):
        return None
    source, path = entry.source, original_path(name, entry, data)
    if source.download:
        return f"not at hand: run `medattn fetch {name}`, or put the file at {path}"
    assert isinstance(source, ImageFolderSource)
    if can_be_fetched(name, entry, data):
        return f"not at hand: run `medattn fetch {name}`, or put the images into {path}"
    return f"not at hand, {_marker(entry, path)} is missing: {source.obtain or 'put the images there'}"


def can_be_fetched(name: str, entry: DatasetEntry, data: Path) -> bool:
    """Return whether `medattn fetch` gets a data set by itself: by download, or from archives in the folder of data."""
    source = entry.source
    if not isinstance(source, ImageFolderSource) or original_is_there(name, entry, data):
        return True
    archives = source.archives
    whole = bool(archives) and all(archive.url or (data / file).is_file() for file, archive in archives.items())
    # A folder that stands there without its images is somebody's work: it is never unpacked into.
    return whole and not original_path(name, entry, data).exists()


def original_is_there(name: str, entry: DatasetEntry, data: Path) -> bool:
    """Return whether the original lies where it belongs, or none is needed; what it holds is not looked at."""
    path = original_path(name, entry, data)
    if entry.source.download:
        return path.is_file()
    return not entry.source.loose or _marker(entry, image_root(entry, path)).exists()


def _marker(entry: DatasetEntry, root: Path) -> Path:
    """Return a file or folder without which the original in `root` can't be read."""
    source = entry.source
    if isinstance(source, IdridSource):
        return root / "1. Original Images"
    if isinstance(source, JaffeSource):
        return root / source.ratings
    if isinstance(source, Isic2018Source):
        return root / "ISIC2018_Task3_Training_Input"
    if isinstance(source, ClassFoldersSource):
        return root / source.splits[0]
    return root / "images.csv"


def remarks_on(prepared: Path) -> list[str]:
    """Return what the manifest of a prepared data set says of images that stand more than once and the like.

    A sentence each, without full stops.

    Nothing where the data set is not prepared yet.
    """
    manifest = prepared / "manifest.json"
    if not manifest.is_file():
        return []
    content = read_json(manifest)
    return [str(sentence) for sentence in [*content["duplicates"]["sentences"], *content.get("notes", [])]]
