"""The prepared images, read again from the original where it is on this machine, are the same."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.obstacles import absent_images, damaged_file, damaged_images
from medattn.config.models.dataset import DatasetEntry
from medattn.datasets.check_source import check_source
from medattn.datasets.store import IMAGES, DataStore
from medattn.datasets.tensor_file import pieces
from medattn.errors import UserError
from medattn.plan.availability import original_is_there, original_path
from medattn.plan.stand_ins import planned_entries
from medattn.sources.pixels.source_data import SourceData, Split

LARGEST_BYTES = 1 << 30
"""Size of prepared images above which an audit does not read the original again."""
_REMEDY = "restore the original, or fetch the images again; if they still differ, train the runs again"
_OTHER = "the originals here have other files than those that were prepared"
Difference = tuple[str, str]


def check_originals(context: AuditContext) -> Iterator[Finding]:
    """Prepare every data set in memory again, and compare images, labels and patients."""
    entries = planned_entries(context.plan, context.configuration)
    datasets = {cell.prepared: cell.dataset for cell in context.plan.cells.values()}
    for prepared in context.prepared():
        if not context.has_images(prepared):
            yield absent_images(context, prepared, "not on this machine: not compared with the original")
            continue
        name, entry = datasets[prepared], entries[datasets[prepared]]
        data = context.at_root(context.configuration.selection.data)
        try:
            store = context.store(prepared)
        except (UserError, OSError) as error:
            yield damaged_images(prepared, prepared, error)
            continue
        try:
            original, is_there = original_path(name, entry, data), original_is_there(name, entry, data)
        except UserError as error:
            expected = "an original that can be read"
            yield damaged_file(Finding("error", prepared, expected, str(error), _REMEDY), error)
            continue
        if not is_there:
            found = "no original on this machine"
            yield Finding("info", prepared, "the images of the original", found, "none: the seal names their hash")
        elif (context.at_root(prepared) / IMAGES).stat().st_size > LARGEST_BYTES:
            found = f"more than {LARGEST_BYTES >> 30} GB: images were not read again"
            yield Finding(
                "info", prepared, "the images of the original", found, "to compare, fetch into another folder"
            )
        else:
            try:
                if _is_another(entry, original, store):
                    expected = "the original that was prepared"
                    yield Finding("unchecked", prepared, expected, _OTHER, _REMEDY, cause=_OTHER)
                    continue
                context.examined.update({"data sets": 1})
                for expected, different in _differences(name, entry, original, store):
                    yield Finding("error", prepared, expected, different, _REMEDY)
            except (UserError, OSError) as error:
                expected = f"an original that can be read: {original}"
                yield damaged_file(Finding("error", prepared, expected, str(error), _REMEDY), error)


def _is_another(entry: DatasetEntry, original: Path, store: DataStore) -> bool:
    """Return whether an original that can change, such as a folder of the user's own, has other files by now."""
    if not entry.source.can_change:
        return False
    files = entry.source.files_now(entry, original) or ()
    return [file.sha256 for file in files] != [file["sha256"] for file in store.manifest["source_files"]]


def _differences(name: str, entry: DatasetEntry, original: Path, store: DataStore) -> Iterator[Difference]:
    with tempfile.TemporaryDirectory(prefix="medattn-audit-") as scratch:
        again = entry.source.read(entry, original, scratch=Path(scratch))
        check_source(entry, again, name)
        yield from _compared(again, store)


def _compared(again: SourceData, store: DataStore) -> Iterator[Difference]:
    if list(again.splits) != list(store.splits):
        yield f"splits {', '.join(again.splits)}", ", ".join(store.splits)
        return
    for name, split in again.splits.items():
        kept = store.splits[name]
        if split.images.shape != kept.images.shape:
            yield f"images of shape {split.images.shape} in split '{name}'", f"{kept.images.shape}"
        elif different := _different_images(split, kept):
            yield f"the original's images in split '{name}'", f"{different} other images"
        if different := int((split.labels != kept.labels).sum()) if len(split.labels) == len(kept.labels) else -1:
            yield f"the original's labels in split '{name}'", f"{different} other labels"
        if split.groups != kept.groups:
            yield f"the original's patients in split '{name}'", "other patients"


def _different_images(split: Split, kept: Split) -> int:
    """Return the number of images that differ, without reading all of them into memory."""
    pairs = zip(pieces(split.images), pieces(kept.images), strict=True)
    return sum(int((first != second).reshape(len(first), -1).any(axis=1).sum()) for first, second in pairs)
