"""Metadata of a prepared data set as Croissant (JSON-LD), with a table of its images.

Croissant 1.0, https://docs.mlcommons.org/croissant/docs/croissant-spec.html. Facts that the registry and the manifest
do not have, such as creators, are left out.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from medattn.datasets.store import IMAGES, MANIFEST, DataStore, read_store
from medattn.errors import UserError
from medattn.export.destination import refuse_other_tables
from medattn.files import json_text, write_text
from medattn.reading import read_bytes
from medattn.text_formats import csv_of_rows

METADATA, TABLE = "croissant.json", "images.csv"
_COLUMNS = ("split", "index", "label", "class")
_CONFORMS = "http://mlcommons.org/croissant/1.0"
_SPLITS = {
    "train": "http://mlcommons.org/croissant/TrainingSplit",
    "val": "http://mlcommons.org/croissant/ValidationSplit",
    "test": "http://mlcommons.org/croissant/TestSplit",
}
# The terms of the specification; all others are those of schema.org.
_OF_CROISSANT = (
    "citeAs", "column", "data", "dataType", "equivalentProperty", "examples", "extract", "field", "fileObject",
    "fileProperty", "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path",
    "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "separator", "source", "subField",
    "transform",
)  # fmt: skip
_AS_JSON = ("data", "examples")
_AS_NAMES = ("dataType",)


def write_croissant(prepared: Path, folder: Path) -> list[Path]:
    """Write croissant.json and images.csv, a row per image, and return both.

    Args:
        prepared: folder of the prepared data set. The metadata name its files by their paths relative to `folder`.
        folder: where the files are written.

    Raises:
        UserError: the prepared data set is missing or damaged, or `folder` has such a file of somebody else.
    """
    refuse_other_tables(folder, {TABLE: _COLUMNS})
    if (folder / METADATA).exists() and not (folder / TABLE).exists():
        raise UserError(f"{folder / METADATA}: not written by `medattn export`; choose another folder with --to")
    store = read_store(prepared)
    columns = [*_COLUMNS, *(["patient"] if store.manifest["groups"] else [])]
    table = csv_of_rows(_image_rows(store), columns)
    write_text(folder / TABLE, table)
    metadata = _metadata(store.manifest, prepared, folder, table.encode(), columns)
    write_text(folder / METADATA, json_text(metadata))
    return [folder / METADATA, folder / TABLE]


def _image_rows(store: DataStore) -> Iterator[dict[str, object]]:
    """Yield a row per image: its position in the split, its label, and the number of its patient, not the name."""
    numbers = {name: number for number, name in enumerate(store.manifest["groups"])}
    for key, split in store.splits.items():
        for index, label in enumerate(split.labels.tolist()):
            patient = None if split.groups is None else numbers[split.groups[index]]
            yield {"split": key, "index": index, "label": label, "class": store.classes[label], "patient": patient}


def _metadata(
    manifest: Mapping[str, Any], prepared: Path, folder: Path, table: bytes, columns: list[str]
) -> dict[str, Any]:
    entry = manifest["entry"]
    known = {"license": entry["license"], "citeAs": entry["citation"], "url": entry["homepage"]}
    # medattn's own version of the data: the hash of settings and content identifies it.
    return {
        "@context": _context(),
        "@type": "sc:Dataset",
        "conformsTo": _CONFORMS,
        "name": manifest["dataset"],
        "alternateName": entry["title"],
        "description": _description(manifest),
        **{key: text for key, text in known.items() if text},
        "version": f"1.0.0+{manifest['entry_sha256'][:12]}",
        "distribution": [
            *_files(manifest, prepared, folder),
            _file(TABLE, TABLE, len(table), _sha256(table), "text/csv"),
        ],
        "recordSet": [_split_records(manifest), _class_records(manifest), _image_records(columns)],
    }


def _context() -> dict[str, Any]:
    context: dict[str, Any] = {"@language": "en", "@vocab": "https://schema.org/"}
    for name in _OF_CROISSANT:
        term = f"cr:{name}"
        typed = {"@type": "@json"} if name in _AS_JSON else {"@type": "@vocab"} if name in _AS_NAMES else None
        context[name] = {"@id": term, **typed} if typed else term
    prefixes = {
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "dct": "http://purl.org/dc/terms/",
        "sc": "https://schema.org/",
    }
    return {**context, **prefixes, "conformsTo": "dct:conformsTo"}


def _description(manifest: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{facts['images']} {split}" for split, facts in manifest["splits"].items())
    size = f"{manifest['height']} x {manifest['width']} pixels, {manifest['channels']} channels"
    sentences = [
        f"{manifest['entry']['title']}, prepared for training by medattn: {counts} images of {size}, "
        f"{len(manifest['classes'])} classes",
        *(["These are synthetic stand-ins, not the images of the data set"] if manifest["stand_in"] else []),
        *manifest["duplicates"]["sentences"],
        *manifest["notes"],
    ]
    return "".join(f"{sentence}. " for sentence in sentences).strip()


def _files(manifest: Mapping[str, Any], prepared: Path, folder: Path) -> Iterator[dict[str, Any]]:
    facts = manifest["files"][IMAGES]
    tensors = (
        "Safetensors file; of each split, the tensors <split>.images (uint8, images x height x width x channels), "
        "<split>.labels (int64) and, where patients are known, <split>.groups (int64)."
    )
    place = Path(os.path.relpath(prepared, folder)).as_posix()
    yield _file(
        IMAGES, f"{place}/{IMAGES}", facts["bytes"], facts["sha256"], "application/octet-stream", description=tensors
    )
    content = read_bytes(prepared / MANIFEST)
    yield _file(MANIFEST, f"{place}/{MANIFEST}", len(content), _sha256(content), "application/json")


def _file(name: str, url: str, size: int, sha256: str, kind: str, **more: str) -> dict[str, Any]:
    facts = {"@type": "cr:FileObject", "@id": name, "name": name, **more, "contentUrl": url}
    return {**facts, "contentSize": f"{size} B", "encodingFormat": kind, "sha256": sha256}


def _split_records(manifest: Mapping[str, Any]) -> dict[str, Any]:
    rows = [{"splits/name": split, "splits/url": _SPLITS[split]} for split in manifest["splits"]]
    return _enumeration("splits", "cr:Split", {"name": "sc:Text", "url": "sc:URL"}, rows)


def _class_records(manifest: Mapping[str, Any]) -> dict[str, Any]:
    rows = [{"classes/label": label, "classes/name": name} for label, name in enumerate(manifest["classes"])]
    return _enumeration("classes", "sc:Enumeration", {"label": "sc:Integer", "name": "sc:Text"}, rows)


def _enumeration(name: str, kind: str, fields: Mapping[str, str], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a record set with all its records; the first field is the key."""
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "dataType": kind,
        "key": {"@id": f"{name}/{next(iter(fields))}"},
        "field": [_field(f"{name}/{field}", of) for field, of in fields.items()],
        "data": rows,
    }


def _image_records(columns: list[str]) -> dict[str, Any]:
    """Return the record set of the images, with a field for each column of the table."""
    texts = {"split", "class"}
    references = {"split": "splits/name", "label": "classes/label"}
    words = {
        "split": "Split of the image.",
        "index": "Position of the image in the tensors of its split, counted from 0.",
        "label": "Position of its class.",
        "class": "Name of its class.",
        "patient": "Number of its patient; images of a patient belong together.",
    }
    fields = []
    for name in columns:
        source = {"fileObject": {"@id": TABLE}, "extract": {"column": name}}
        field = {**_field(f"images/{name}", "sc:Text" if name in texts else "sc:Integer"), "source": source}
        field["description"] = words[name]
        if name in references:
            field["references"] = {"field": {"@id": references[name]}}
        fields.append(field)
    return {"@type": "cr:RecordSet", "@id": "images", "name": "images", "field": fields}


def _field(name: str, kind: str) -> dict[str, Any]:
    return {"@type": "cr:Field", "@id": name, "name": name, "dataType": kind}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
