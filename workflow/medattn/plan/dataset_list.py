"""The list of data sets: their sizes, and whether they are available."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from medattn.config.models.dataset import DatasetEntry
from medattn.plan.availability import (
    known_original,
    missing_reason,
    original_is_there,
    original_path,
    prepared_by,
)
from medattn.plan.disk_estimate import image_bytes, size


@dataclass(frozen=True)
class ListedDataset:
    """A data set with its sizes.

    Attributes:
        name: name of the data set.
        title: name for people.
        images: number of images; None if unknown.
        classes: number of classes.
        source: kind of the source.
        download_bytes: bytes of the download; 0 if there is nothing to download, None if unknown.
        prepared_bytes: bytes of the prepared images on the disk, or estimated ones; None if unknown.
        prepared: whether the images are prepared.
        available: whether the images are prepared, or the original is there; not if it is there and wrong.
        original: path of the original file or folder, which data sets can share; empty where none is needed.
        state: `prepared`, `ready to prepare`, what is wrong with the original, or how to get the images.
    """

    name: str
    title: str
    images: int | None
    classes: int
    source: str
    download_bytes: int | None
    prepared_bytes: int | None
    prepared: bool
    available: bool
    original: str
    state: str


DATASET_COLUMNS = tuple(field.name for field in fields(ListedDataset))


def list_datasets(entries: Mapping[str, DatasetEntry], data: Path) -> list[ListedDataset]:
    """Return the data sets with sizes and state; reads no image.

    Args:
        entries: entries by name.
        data: folder of data.
    """
    return [_listed(name, entry, data) for name, entry in entries.items()]


def dataset_rows(listed: Sequence[ListedDataset]) -> list[dict[str, Any]]:
    """Return a row for each data set with the columns DATASET_COLUMNS."""
    return [asdict(each) for each in listed]


def dataset_lines(listed: Sequence[ListedDataset]) -> Iterator[str]:
    """Yield the list for the terminal: a line for each data set and a total."""
    cells = [("data set", "images", "classes", "download", "prepared", "state")]
    for each in listed:
        on_disk = f"{'' if each.prepared else '~'}{_size(each.prepared_bytes)}" if each.prepared_bytes else "?"
        images = "?" if each.images is None else f"{each.images:,}"
        named = each.name if each.title.lower() == each.name else f"{each.name} ({each.title})"
        cells.append((named, images, str(each.classes), _size(each.download_bytes), on_disk, each.state))
    widths = [max(len(row[column]) for row in cells) for column in range(5)]
    for name, *numbers, state in cells:
        columns = "  ".join(f"{text:>{width}}" for text, width in zip(numbers, widths[1:], strict=True))
        yield f"{name:<{widths[0]}}  {columns}  {state}"
    yield _total(listed)


def _listed(name: str, entry: DatasetEntry, data: Path) -> ListedDataset:
    original = known_original(name, entry, data)
    folder = prepared_by(original, name, entry, data)
    is_prepared = (folder / "manifest.json").is_file()
    reason = missing_reason(name, entry, data, folder)
    known = entry.known_images()
    return ListedDataset(
        name=name,
        title=entry.title,
        images=None if known is None else sum(known.values()),
        classes=len(entry.classes),
        source=entry.source.kind,
        download_bytes=_download_bytes(entry),
        prepared_bytes=_bytes_in(folder) if is_prepared else image_bytes(entry) or None,
        prepared=is_prepared,
        available=original.problem is None and (is_prepared or original_is_there(name, entry, data)),
        original="" if entry.source.is_embedded else str(original_path(name, entry, data)),
        state=original.problem or ("prepared" if is_prepared else reason or "ready to prepare"),
    )


def _download_bytes(entry: DatasetEntry) -> int | None:
    """Return the bytes of the files that `medattn fetch` downloads; None where an address has no known size."""
    if entry.source.download:
        return entry.source.download.bytes
    sizes = [archive.bytes for archive in entry.source.archive_files.values() if archive.url]
    known = [each for each in sizes if each is not None]
    return sum(known) if len(known) == len(sizes) else None


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def _size(count: int | None) -> str:
    return "?" if count is None else "-" if count == 0 else size(count)


def _total(listed: Sequence[ListedDataset]) -> str:
    prepared = [each for each in listed if each.prepared]
    # Data sets of the same original share its download.
    by_original = {each.original: each for each in listed if not each.available and each.download_bytes != 0}
    to_get = [*by_original.values()]
    unknown = sum(each.download_bytes is None for each in to_get)
    known, more = sum(each.download_bytes or 0 for each in to_get), f" and {unknown} of unknown size" if unknown else ""
    left = [each.prepared_bytes or 0 for each in listed if not each.prepared]
    parts = [
        f"{len(listed)} {'data set' if len(listed) == 1 else 'data sets'}",
        f"{len(prepared)} prepared ({size(sum(each.prepared_bytes or 0 for each in prepared))})",
        f"{len(to_get)} {'download' if len(to_get) == 1 else 'downloads'} left ({size(known)}{more})",
        f"prepared images of the others take about {size(sum(left))}",
    ]
    return "; ".join(parts)
