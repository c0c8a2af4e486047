"""The images are those that the runs name, and what is said of them is true."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from medattn.audit.context import AuditContext, Ended
from medattn.audit.finding import Finding
from medattn.audit.manifest import as_written
from medattn.config.networks.catalog import weights_model
from medattn.datasets.duplicates import duplicate_sentences, find_duplicates, without_names
from medattn.datasets.store import MANIFEST, check_store
from medattn.datasets.tensor_file import pieces
from medattn.errors import UserError
from medattn.files import read_json
from medattn.layout import weights_file
from medattn.plan.stand_ins import planned_entries

_FETCH = "delete its folder and run `medattn fetch` again; if the images then differ, train again"


def check_data(subject: AuditContext) -> Iterator[Finding]:
    """Hash every prepared data set again, count and compare its images, and hold the records of the runs to it."""
    entries = planned_entries(subject.plan, subject.configuration)
    datasets = {cell.prepared: cell.dataset for cell in subject.plan.cells.values()}
    manifests = {}
    for prepared in subject.prepared():
        try:
            manifest = check_store(Path(prepared))
        except UserError as error:
            yield Finding("error", prepared, "a prepared data set as it was written", str(error), _FETCH)
            continue
        manifests[prepared] = manifest
        if not as_written(Path(prepared) / MANIFEST, read_json(Path(prepared) / MANIFEST)):
            yield Finding("error", f"{prepared}/{MANIFEST}", "the manifest as it was written", "other bytes", _FETCH)
        yield from _facts(subject, prepared, manifest)
        entry = entries[datasets[prepared]]
        if manifest["classes"] != entry.classes or manifest["stand_in"] != bool(entry.stand_in):
            yield Finding("error", prepared, "classes and mark of the data set's entry", "others", _FETCH)
    for ended in subject.ended():
        if ended.trained and ended.cell.prepared in manifests:
            yield from _of_run(subject, ended, manifests[ended.cell.prepared])


def _facts(subject: AuditContext, prepared: str, manifest: dict[str, Any]) -> Iterator[Finding]:
    store = subject.store(prepared)
    for name, split in store.splits.items():
        images = hashlib.sha256()
        for piece in pieces(split.images):
            images.update(piece.data)
        facts = {
            "images": len(split.images),
            "per_class": np.bincount(split.labels, minlength=len(store.classes)).tolist(),
            "images_sha256": images.hexdigest(),
            "labels_sha256": hashlib.sha256(split.labels.astype("<i8").tobytes()).hexdigest(),
        }
        told = manifest["splits"][name]
        per_class = told["per_class"]
        told = {**told, "per_class": list(per_class.values()) if isinstance(per_class, dict) else per_class}
        if facts != told:
            yield Finding("error", f"{prepared}, split {name}", str(told), str(facts), _FETCH)
    duplicates = find_duplicates(store.splits)
    sentences = duplicate_sentences(duplicates, {name: len(split.labels) for name, split in store.splits.items()})
    if {**duplicates, "sentences": sentences} != without_names(manifest["duplicates"]):
        yield Finding(
            "error", prepared, "the equal images that its manifest names", "; ".join(sentences) or "none", _FETCH
        )
    for sentence in sentences:
        yield Finding("info", prepared, "images that stand once", sentence, "captions say so; nothing to mend")


def _of_run(subject: AuditContext, ended: Ended, manifest: dict[str, Any]) -> Iterator[Finding]:
    data, settings = ended.record["data"], ended.cell.settings
    for key in ("dataset", "entry_sha256", "stand_in", "files"):
        if data[key] != manifest[key]:
            yield Finding("error", ended.run.id, f"{key}: {manifest[key]}", str(data[key]), "train the run again")
    if data["entry_sha256"] != settings.entry_sha256:
        yield Finding(
            "error", ended.run.id, f"data {settings.entry_sha256}", data["entry_sha256"], "train the run again"
        )
    backbone = settings.backbone
    source = weights_model(backbone.model) if backbone and backbone.weights == "imagenet" else None
    if source is not None:
        path = weights_file(Path(subject.configuration.selection.data), source)
        if not path.is_file() or subject.sha256(path) != data.get("weights_sha256"):
            expected = f"ImageNet weights {data.get('weights_sha256')}"
            yield Finding("error", ended.run.id, expected, f"another file, or none: {path}", "fetch them, train again")
