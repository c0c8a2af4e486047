"""The prepared images are those that the runs name, and their manifest describes them correctly."""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.manifest import as_written
from medattn.audit.obstacles import (
    absent_images,
    absent_weights,
    damaged_file,
    explained,
    prepared_otherwise,
)
from medattn.config.networks.catalog import weights_model
from medattn.datasets.duplicates import duplicate_sentences, find_duplicates, without_names
from medattn.datasets.store import IMAGES, MANIFEST, check_store
from medattn.datasets.tensor_file import pieces
from medattn.errors import UserError
from medattn.files import read_json, sha256_of_value
from medattn.layout import weights_file
from medattn.plan.availability import entry_identity
from medattn.plan.finished_run import FinishedRun
from medattn.plan.stand_ins import planned_entries

_FETCH = (
    "move its folder away, and fetch the images again: `{project}medattn fetch --plan {plan}`; if they still differ, "
    "the runs had others"
)
_OTHERS = "find the images that the run had, or train it again"


def check_data(context: AuditContext) -> Iterator[Finding]:
    """Hash every prepared data set, count and compare its images, and compare the records of the runs with it."""
    entries = planned_entries(context.plan, context.configuration)
    datasets = {cell.prepared: cell.dataset for cell in context.plan.cells.values()}
    manifests = {}
    absent = context.absent_data()
    for prepared in context.prepared():
        if prepared in absent:
            yield _absent(context, prepared)
            continue
        folder = context.at_root(prepared)
        try:
            manifest = check_store(folder, verify=False)
            sha256 = context.sha256(folder / IMAGES)
        except (UserError, OSError) as error:
            yield _damaged(prepared, error)
            continue
        if sha256 != manifest["files"][IMAGES]["sha256"]:
            yield _damaged(prepared, UserError(f"{prepared}/{IMAGES}: its SHA-256 is not the manifest's"))
            continue
        manifests[prepared] = manifest
        context.examined.update({"data sets": 1})
        if not as_written(folder / MANIFEST, read_json(folder / MANIFEST)):
            yield Finding("error", f"{prepared}/{MANIFEST}", "an unchanged manifest", "other bytes", _FETCH)
        yield from _facts(context, prepared, manifest)
        entry = entries[datasets[prepared]]
        if entry.source.can_change:
            content = sha256_of_value([file["sha256"] for file in manifest["source_files"]])
            identity = entry_identity(datasets[prepared], entry, content)
            if identity != manifest["entry_sha256"]:
                expected = f"{identity}, from the hashes of its original files"
                different = Finding("error", prepared, expected, str(manifest["entry_sha256"]), _FETCH)
                yield explained(context, different)
        if manifest["classes"] != entry.classes or manifest["stand_in"] != bool(entry.stand_in):
            expected = "the classes and the stand-in mark of the configured data set"
            yield explained(context, Finding("error", prepared, expected, "others", _FETCH))
    readers: dict[Finding, None] = {}
    for finished in context.finished_runs():
        if finished.trained and finished.cell.prepared in manifests:
            context.examined.update(runs=1)
            yield from _of_run(context, finished, manifests[finished.cell.prepared])
            readers |= dict.fromkeys(_reader(finished, manifests[finished.cell.prepared]))
    yield from readers


def _absent(context: AuditContext, prepared: str) -> Finding:
    runs = [finished.run.id for finished in context.finished_runs() if finished.cell.prepared == prepared]
    found = f"not on this machine: images, splits and labels of {len(runs)} runs were not checked"
    return absent_images(context, prepared, found)


def _damaged(prepared: str, error: Exception) -> Finding:
    return damaged_file(Finding("error", prepared, "an unchanged prepared data set", str(error), _FETCH), error)


def _facts(context: AuditContext, prepared: str, manifest: dict[str, Any]) -> Iterator[Finding]:
    store = context.store(prepared)
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
        recorded = manifest["splits"][name]
        per_class = recorded["per_class"]
        recorded = {**recorded, "per_class": list(per_class.values()) if isinstance(per_class, dict) else per_class}
        if facts != recorded:
            yield Finding("error", f"{prepared}, split {name}", str(recorded), str(facts), _FETCH)
    duplicates = find_duplicates(store.splits)
    sentences = duplicate_sentences(duplicates, {name: len(split.labels) for name, split in store.splits.items()})
    if {**duplicates, "sentences": sentences} != without_names(manifest["duplicates"]):
        yield Finding(
            "error", prepared, "the equal images that its manifest names", "; ".join(sentences) or "none", _FETCH
        )
    for sentence in sentences:
        yield Finding("info", prepared, "no image twice", sentence, "none: captions report it")


def _reader(finished: FinishedRun, manifest: dict[str, Any]) -> Iterator[Finding]:
    """Compare the modules that prepared the images with those of the same name that the run depends on."""
    prepared_by, modules = manifest.get("code"), finished.record["code"].get("modules")
    if not isinstance(prepared_by, dict) or not isinstance(modules, dict):
        return
    read = [name for name in prepared_by if name.startswith(("sources/", "datasets/")) and name in modules]
    if other := [name for name in read if modules[name] != prepared_by[name]]:
        expected = "images that the run's own code prepared"
        found = f"prepared by another version of {', '.join(other)}"
        yield Finding("unchecked", finished.cell.prepared, expected, found, _FETCH)


def _of_run(context: AuditContext, finished: FinishedRun, manifest: dict[str, Any]) -> Iterator[Finding]:
    data, settings = finished.record["data"], finished.cell.settings
    for key in ("dataset", "entry_sha256", "stand_in", "files"):
        if data[key] != manifest[key]:
            other = Finding(
                "error",
                finished.run.id,
                f"{key}: {manifest[key]}",
                str(data[key]),
                _OTHERS,
            )
            yield prepared_otherwise(context, finished.cell.prepared, other) if key == "files" else other
    if data["entry_sha256"] != settings.entry_sha256:
        yield Finding(
            "error", finished.run.id, f"data {settings.entry_sha256}", data["entry_sha256"], "train the run again"
        )
    backbone = settings.backbone
    source = weights_model(backbone.model) if backbone and backbone.weights == "imagenet" else None
    if source is not None:
        path = weights_file(context.at_root(context.configuration.selection.data), source)
        expected = f"ImageNet weights with SHA-256 {data.get('weights_sha256')}"
        if not path.is_file():
            yield absent_weights(context, finished.run.id, expected, source, str(path))
        elif context.sha256(path) != data.get("weights_sha256"):
            remedy = "move the file away, and fetch the weights again; if they still differ, the run had others"
            yield Finding("error", finished.run.id, expected, f"another file: {path}", remedy)
