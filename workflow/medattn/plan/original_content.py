"""Content of originals that no published hash fixes, such as a user's folder of images: one hash of all files.

The content tells data sets of one name apart, whatever path leads to them. Reading all images takes time, so the hash
is remembered in the folder of data with name, size and times of every file; while these are the same, it holds. If the
original is gone, its content is what was remembered of its place, or that of the only prepared data set that fits. An
original that is there and wrong has that content, too, so that finished numbers stay, but a problem as well.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medattn.config.models.dataset import DatasetEntry
from medattn.errors import UserError
from medattn.files import read_json, sha256_of_value, write_json
from medattn.layout import content_file
from medattn.litter import is_litter_name
from medattn.reading import reading_errors
from medattn.sources.original_file import SourceFile

_SETTLED_S = 2.0
"""Seconds after which a change of a file also changes its times, on any file system."""
_MANIFEST = "manifest.json"
_HASHED: dict[str, str] = {}
"""Contents that this process has hashed, by fingerprint."""


def content_of(files: Sequence[SourceFile]) -> str:
    """Return the hash of an original's content from the hashes of its files."""
    return sha256_of_value([file.sha256 for file in files])


@dataclass(frozen=True)
class OriginalContent:
    """Content of an original that can change.

    Attributes:
        sha256: hash of the content; of an original that is gone or can't be read, that which is remembered of its
            place; None where it is not known.
        problem: why the original, which is there, can't be read; None if it can, or is gone.
    """

    sha256: str | None
    problem: str | None = None


def original_content(name: str, entry: DatasetEntry, original: Path, data: Path) -> OriginalContent:
    """Return the content of an original that can change. Nothing is written.

    Args:
        name: name of the data set.
        entry: its entry.
        original: path of its original, which need not exist.
        data: folder of data.
    """
    known = _remembered(content_file(data, name, _place(original, data)))
    try:
        with reading_errors(original):
            if entry.source.is_there(original):
                found = fingerprint(entry, original)
                if found is not None and known is not None and known[0] == found[0]:
                    return OriginalContent(known[1])
                return OriginalContent(_hashed(entry, original, found))
            if known is not None and _holds_something(original):
                raise UserError(f"{entry.source.needed_path(original)} is missing; put it back, or remove {original}")
    except UserError as error:
        return OriginalContent(known[1] if known is not None else None, str(error))
    return OriginalContent(known[1] if known is not None else None)


def _holds_something(original: Path) -> bool:
    """Return whether a path leads to more than an empty folder, such as that of a disk that is not mounted."""
    return original.exists() and not (
        original.is_dir() and all(is_litter_name(path.name) for path in original.iterdir())
    )


def remember_content(name: str, entry: DatasetEntry, original: Path, data: Path) -> None:
    """Remember the content of an original in the folder of data; a folder that can't be written stays as it is."""
    if not entry.source.can_change:
        return
    path = content_file(data, name, _place(original, data))
    try:
        if not entry.source.is_there(original):
            return
        found = fingerprint(entry, original)
        known = _remembered(path)
        # Files that changed a moment ago may change again within the same tick of the clock.
        if found is None or (known is not None and known[0] == found[0]) or found[1] > time.time() - _SETTLED_S:
            return
        write_json(path, {"files": found[0], "content_sha256": _hashed(entry, original, found)})
    except (UserError, OSError):
        return


def fingerprint(entry: DatasetEntry, original: Path) -> tuple[str, float] | None:
    """Return a hash of names, sizes and times of the files of an original, and the latest time in seconds.

    Raises:
        UserError: the original is not what it should be.
    """
    listed = entry.source.paths_now(entry, original)
    if listed is None:
        return None
    facts, latest = [], 0
    for name, path in listed:
        try:
            found = path.stat()
        except OSError as error:
            raise UserError(f"{path}: can't be read ({error.strerror})") from error
        facts.append((name, found.st_size, found.st_mtime_ns, found.st_ctime_ns))
        latest = max(latest, found.st_mtime_ns, found.st_ctime_ns)
    return sha256_of_value(facts), latest / 1e9


def _hashed(entry: DatasetEntry, original: Path, found: tuple[str, float] | None) -> str:
    if found is None or found[1] > time.time() - _SETTLED_S:
        return content_of(entry.source.files_now(entry, original) or ())
    if found[0] not in _HASHED:
        _HASHED[found[0]] = content_of(entry.source.files_now(entry, original) or ())
    return _HASHED[found[0]]


def _place(original: Path, data: Path) -> str:
    """Return a hash of the place of an original: relative to the folder of data, if it lies there."""
    # Not resolved: the target of a link may be gone.
    place, folder = (Path(os.path.abspath(path)) for path in (original, data))  # noqa: PTH100
    return sha256_of_value(str(place.relative_to(folder)) if place.is_relative_to(folder) else str(place))


def _remembered(path: Path) -> tuple[str, str] | None:
    if not path.is_file():
        return None
    try:
        value = read_json(path)
        files, content = value["files"], value["content_sha256"]
    except (UserError, OSError, KeyError, TypeError):
        return None
    return (files, content) if isinstance(files, str) and isinstance(content, str) else None


def prepared_content(name: str, data: Path, facts: str) -> str | None:
    """Return the content of the only prepared data set of this name and these settings; None if there is another.

    Args:
        name: name of the data set.
        data: folder of data.
        facts: hash of the settings that decide the prepared images.
    """
    found = set()
    for manifest in (data / "prepared").glob(f"{name}-*/{_MANIFEST}"):
        try:
            value = read_json(manifest)
            if value["dataset"] == name and value["facts_sha256"] == facts:
                found.add(sha256_of_value([file["sha256"] for file in value["source_files"]]))
        except (UserError, OSError, KeyError, TypeError):
            continue
    return found.pop() if len(found) == 1 else None
