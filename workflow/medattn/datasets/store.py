"""The prepared data set: one safetensors file with all images, and a manifest that describes them.

Images are written piece by piece and mapped when they are read: a data set may be larger than memory.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError

from medattn.config.models.dataset import DatasetEntry
from medattn.datasets.check_source import check_source
from medattn.datasets.duplicates import duplicate_sentences, find_duplicates
from medattn.datasets.tensor_file import map_tensors, pieces, write_tensors
from medattn.errors import UserError
from medattn.files import atomic_write, read_json, sha256_of_file, sha256_of_value, write_json
from medattn.plan.availability import entry_facts, entry_identity
from medattn.plan.original_content import content_of
from medattn.provenance.code import reader_modules
from medattn.sources.pixels.source_data import Region, SourceData, Split, images_per_class

SCHEMA = 2
IMAGES = "images.safetensors"
MANIFEST = "manifest.json"
_LIBRARIES = ("numpy", "pillow", "safetensors", "scikit-learn")


@dataclass(frozen=True)
class DataStore:
    """A prepared data set; its images are mapped from the file, read-only, and read when they are used.

    Attributes:
        splits: by name, of train, val and test; a data set may have no val.
        classes: class names in the order of the labels.
        manifest: content of manifest.json; `write_store` lists its keys.
        region: bool, (height, width), the pixels that lesions can cover, where that is known.
    """

    splits: Mapping[str, Split]
    classes: list[str]
    manifest: Mapping[str, Any]
    region: Region | None = None


def write_store(folder: Path, name: str, entry: DatasetEntry, data: SourceData) -> dict[str, Any]:
    """Write a prepared data set to a folder that nobody reads yet; the same data and libraries give the same bytes.

    Args:
        folder: where images.safetensors and, last, manifest.json are written.
        name: name of the data set.
        entry: its entry in the registry.
        data: the images that its source read; they are checked.

    Returns:
        The manifest: schema, dataset, entry (without its path), facts_sha256 and entry_sha256 (see `entry_facts` and
        `entry_identity`), files, height, width, channels
        (pixels), classes, groups (names of patients), splits (images, per_class and hashes of each),
        source_files, duplicates, notes, stand_in, has_region, libraries, code (the modules that read and wrote
        the images), and self_sha256, the hash of all other keys.

    Raises:
        UserError: the images are not what `entry` promises, or the files can't be written.
    """
    check_source(entry, data, name)
    names = sorted({group for split in data.splits.values() for group in split.groups or []})
    tensors = _tensors(data, names)
    atomic_write(folder / IMAGES, lambda aside: write_tensors(aside, tensors))
    height, width, channels = data.splits["train"].images.shape[1:]
    manifest: dict[str, Any] = {
        "schema": SCHEMA,
        "dataset": name,
        "entry": entry.model_dump(exclude={"path"}),
        "facts_sha256": entry_facts(name, entry),
        "entry_sha256": identity_of(name, entry, data),
        "files": {IMAGES: {"sha256": sha256_of_file(folder / IMAGES), "bytes": (folder / IMAGES).stat().st_size}},
        "height": height,
        "width": width,
        "channels": channels,
        "classes": entry.classes,
        "groups": names,
        "splits": {key: _facts(split, len(entry.classes)) for key, split in data.splits.items()},
        "source_files": [asdict(file) for file in data.source_files],
        "duplicates": {
            **(found := find_duplicates(data.splits)),
            "sentences": duplicate_sentences(found, {key: len(split.labels) for key, split in data.splits.items()}),
        },
        "notes": list(data.notes),
        "stand_in": bool(entry.stand_in),
        "has_region": data.region is not None,
        "libraries": {library: version(library) for library in _LIBRARIES},
        "code": {name: sha256[:12] for name, sha256 in reader_modules(entry.source.kind).items()},
    }
    manifest["self_sha256"] = sha256_of_value(manifest)
    write_json(folder / MANIFEST, manifest)
    return manifest


def identity_of(name: str, entry: DatasetEntry, data: SourceData) -> str:
    """Return the identity of a data set by the files that were read; see `entry_identity`."""
    return entry_identity(name, entry, content_of(data.source_files) if entry.source.can_change else None)


def check_store(folder: Path, verify: bool = True) -> dict[str, Any]:
    """Check a prepared data set without reading its images into memory.

    Args:
        folder: its folder.
        verify: hash the file of images, too; without it only its size is compared.

    Returns:
        The manifest.

    Raises:
        UserError: a file is missing, truncated or changed.
    """
    if not (folder / MANIFEST).is_file():
        raise UserError(f"{folder}: no prepared data set (no {MANIFEST}); run `medattn fetch` first")
    manifest = read_json(folder / MANIFEST)
    remedy = "`medattn fetch` replaces it if the original is there; else copy the folder from where it is whole"
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        raise UserError(f"{folder / MANIFEST}: not a manifest of schema {SCHEMA}; {remedy}")
    rest = {key: value for key, value in manifest.items() if key != "self_sha256"}
    path = folder / IMAGES
    try:
        whole = sha256_of_value(rest) == manifest.get("self_sha256")
        size, sha256 = manifest["files"][IMAGES]["bytes"], manifest["files"][IMAGES]["sha256"]
    except (ValueError, KeyError, TypeError):  # NaN, which has no canonical form, or no manifest at all
        whole = False
    if not whole:
        raise UserError(f"{folder / MANIFEST}: changed since it was written; {remedy}")
    if not path.is_file():
        raise UserError(f"{path}: missing; {remedy}")
    if path.stat().st_size != size:
        raise UserError(f"{path}: {path.stat().st_size} bytes, but the manifest says {size}; {remedy}")
    if verify and sha256_of_file(path) != sha256:
        raise UserError(f"{path}: changed since it was written (its SHA-256 is not the manifest's); {remedy}")
    return manifest


def read_store(folder: Path, verify: bool = True) -> DataStore:
    """Read a prepared data set.

    Args:
        folder: its folder.
        verify: hash the file of images first; without it only its size is compared.

    Raises:
        UserError: a file is missing, truncated or changed, or the images are not what the manifest says.
    """
    manifest = check_store(folder, verify)
    try:
        tensors = map_tensors(folder / IMAGES)
        splits = {key: _split(key, tensors, manifest["groups"]) for key in manifest["splits"]}
        region = tensors["region"] if manifest["has_region"] else None
        size = (manifest["height"], manifest["width"], manifest["channels"])
        counts = {key: manifest["splits"][key]["images"] for key in splits}
        classes = list(manifest["classes"])
    except (SafetensorError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise UserError(f"{folder / IMAGES}: not the images that the manifest names ({error})") from error
    for key, split in splits.items():
        if split.images.shape != (counts[key], *size):
            raise UserError(f"{folder / IMAGES}: split '{key}' has shape {split.images.shape}, not the manifest's")
    return DataStore(splits, classes, manifest, region)


def _tensors(data: SourceData, group_names: list[str]) -> dict[str, npt.NDArray[Any]]:
    index = {name: position for position, name in enumerate(group_names)}
    tensors: dict[str, npt.NDArray[Any]] = {}
    for key, split in data.splits.items():
        tensors[f"{key}.images"] = split.images
        tensors[f"{key}.labels"] = np.ascontiguousarray(split.labels)
        if split.groups is not None:
            tensors[f"{key}.groups"] = np.array([index[group] for group in split.groups], dtype=np.int64)
    if data.region is not None:
        tensors["region"] = np.ascontiguousarray(data.region)
    return tensors


def _split(key: str, tensors: Mapping[str, npt.NDArray[Any]], group_names: list[str]) -> Split:
    groups = tensors.get(f"{key}.groups")
    names = None if groups is None else [group_names[int(position)] for position in groups]
    return Split(tensors[f"{key}.images"], tensors[f"{key}.labels"], names)


def _facts(split: Split, classes: int) -> dict[str, Any]:
    images_sha256 = hashlib.sha256()
    for piece in pieces(split.images):
        images_sha256.update(piece.data)
    return {
        "images": len(split.images),
        "per_class": images_per_class(split.labels, classes),
        "images_sha256": images_sha256.hexdigest(),
        "labels_sha256": hashlib.sha256(split.labels.astype("<i8").tobytes()).hexdigest(),
    }
