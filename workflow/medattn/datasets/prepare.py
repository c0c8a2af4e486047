"""Preparation of a data set: from its original to the form that training reads.

Selections share prepared images. A whole folder is never touched; a damaged one is replaced only when a whole one has
been made from the original.
"""

import logging
from pathlib import Path

from medattn.config.models.dataset import DatasetEntry
from medattn.datasets.archive import unpack
from medattn.datasets.download import Progress, download
from medattn.datasets.shared_folder import exclusive, made_aside, publish, replace
from medattn.datasets.store import check_store, identity_of, write_store
from medattn.errors import UserError
from medattn.layout import prepared_dataset
from medattn.plan.availability import (
    can_be_fetched,
    known_original,
    missing_reason,
    original_is_there,
    original_path,
    prepared_by,
)
from medattn.plan.original_content import remember_content
from medattn.sources.base import ImageSource

log = logging.getLogger(__name__)


def prepare(name: str, entry: DatasetEntry, data: Path, planned: str | None = None) -> Path:
    """Read, check and write a data set, unless it is prepared already.

    Args:
        name: name of the data set.
        entry: its entry.
        data: folder of data.
        planned: name of the prepared folder that a frozen plan asks for; None: that of the original as it is.

    Returns:
        The folder of the prepared data set.

    Raises:
        UserError: the original is missing, damaged, not what the entry promises, or not what was planned; or the
            prepared folder is damaged and there is no original to make another from.
    """
    folder, original = _folder(name, entry, data, planned), original_path(name, entry, data)
    remember_content(name, entry, original, data)
    if _damage(folder, name) is None:
        if planned is None and entry.source.can_change and not original_is_there(name, entry, data):
            missing = entry.source.needed_path(original)
            log.info("%s: %s is not there; the images that were prepared before are used", name, missing)
        return folder
    with exclusive(folder) as locked:
        damage = _damage(folder, name)
        if damage is not None:
            _make(folder, name, entry, data, damage, locked)
    return folder


def _folder(name: str, entry: DatasetEntry, data: Path, planned: str | None) -> Path:
    """Return the folder of the prepared data set, whether it exists or not.

    Raises:
        UserError: none is planned, and the original, which is there, is wrong: what it should be, nobody knows.
    """
    if planned is not None:
        return data / "prepared" / planned
    known = known_original(name, entry, data)
    if known.problem is not None:
        raise UserError(f"{name}: {known.problem}")
    return prepared_by(known, name, entry, data)


def _make(folder: Path, name: str, entry: DatasetEntry, data: Path, damage: str, locked: bool) -> None:
    original = original_path(name, entry, data)
    if not original_is_there(name, entry, data):
        if folder.exists():
            raise UserError(f"{name}: {damage}; the original, {original}, is not there")
        raise UserError(f"{name}: {missing_reason(name, entry, data) or damage}")
    with made_aside(folder, locked) as aside:
        try:
            images = entry.source.read(entry, original, scratch=folder.parent)
        except UserError as error:
            raise UserError(f"{name}: {error}") from error
        if prepared_dataset(data, name, identity_of(name, entry, images)).name != folder.name:
            raise UserError(
                f"{name}: {original} holds other images than when the plan was made; run the same command again, or "
                "put the earlier images back"
            )
        write_store(aside, name, entry, images)
        if not publish(aside, folder) and _damage(folder, name) is not None:
            log.info("%s: replaced, because it was damaged", folder)
            replace(folder, aside)


def fetch(
    name: str, entry: DatasetEntry, data: Path, progress: Progress | None = None, planned: str | None = None
) -> Path:
    """Download the original of a data set if it is absent and has an address, then prepare it.

    Args:
        name: name of the data set.
        entry: its entry.
        data: folder of data.
        progress: called with the bytes received; see `download`.
        planned: as in `prepare`.

    Returns:
        The folder of the prepared data set.

    Raises:
        UserError: as `prepare` and `download`.
    """
    prepared = _folder(name, entry, data, planned)
    if not original_is_there(name, entry, data) and _damage(prepared, name) is not None:
        original = original_path(name, entry, data)
        if not original.exists() and can_be_fetched(name, entry, data):
            with exclusive(original) as locked:
                if not original.exists():
                    _get(original, name, entry, data, progress, locked)
    return prepare(name, entry, data, planned)


def _get(original: Path, name: str, entry: DatasetEntry, data: Path, progress: Progress | None, locked: bool) -> None:
    """Download the original, or unpack its archives."""
    file = entry.source.download
    if file:
        download(file.url, original, name=name, size=file.bytes, md5=file.md5, progress=progress)
    else:
        unpack(_archives(name, entry.source, data, progress), original, locked=locked)


def _archives(name: str, source: ImageSource, data: Path, progress: Progress | None) -> dict[Path, int | None]:
    """Return the archives in the folder of data, with the bytes that they may unpack to; download the absent ones.

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
    return {data / file: archive.unpacked_bytes for file, archive in source.archive_files.items()}


def _damage(folder: Path, name: str) -> str | None:
    """Say why `folder` is no whole prepared data set of this name, or return None if it is."""
    try:
        manifest = check_store(folder)
    except UserError as error:
        return str(error)
    return None if manifest["dataset"] == name else f"{folder}: prepared for the data set {manifest['dataset']}"
