"""Every sealed file is unchanged, and the folder has no other file."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from medattn.audit.consequences import RESTORE
from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.folder_files import folder_files
from medattn.audit.manifest import as_written, data_sets, difference, read_manifest
from medattn.audit.obstacles import (
    absent_images,
    absent_papers,
    damaged_file,
    lost_manifest,
    other_papers,
    prepared_otherwise,
    unreadable,
    unreadable_file,
)
from medattn.errors import UserError
from medattn.files import read_json, sha256_of_value

_SEAL = "seal it: `medattn audit {folder} --seal`"
_NOT_SEALED = "if the file is yours, seal again: `medattn audit {folder} --seal`; otherwise move it out of the folder"
_CANNOT_SEAL = "restore what it leads to, or move it away, then seal again: `medattn audit {folder} --seal`"
_RECORDED = "none: the records name their hashes, which the check of data compares"
_FETCH = "move its folder away, and fetch the images again: `{project}medattn fetch --plan {plan}`"


def check_seal(context: AuditContext) -> Iterator[Finding]:
    """Compare size and hash of every file with manifest.json, and the root hash with that of the last audit."""
    folder, path = context.results.folder, context.results.manifest
    if not path.is_file():
        is_lost = context.results.seals.is_file()
        yield lost_manifest(context) if is_lost else Finding("warning", path.name, "a seal", "none", _SEAL)
        return
    try:
        manifest = read_manifest(path)
    except UserError as error:
        yield damaged_file(Finding("error", path.name, "an unchanged seal", str(error), _SEAL), error)
        return
    context.examined.update(files=len(manifest["files"]))
    for name, facts in manifest["files"].items():
        yield from _compared(context, folder / name, name, facts, RESTORE)
    found = folder_files(folder)
    for name in found.names:
        if name not in manifest["files"]:
            yield Finding("error", name, "no file, as in the seal", "a file", _NOT_SEALED)
    for name, problem in sorted(found.problems.items()):
        yield Finding("error", name, "files and folders that can be sealed", problem, _CANNOT_SEAL)
    for name, failure in sorted(found.unreadable.items()):
        yield unreadable_file(name, failure)
    yield from _planned_runs(context, manifest["files"], {*found.names, *found.problems})
    yield from _data(context, manifest["data"])
    yield from _papers(context)
    yield from _last_audit(context, manifest["root"])


def _planned_runs(context: AuditContext, sealed: Mapping[str, Any], reported: set[str]) -> Iterator[Finding]:
    """Find finished runs of the plan whose record is not under the seal, wherever the seal could not look."""
    if context.unusable_plan:
        return
    for finished in context.finished_runs():
        name = finished.files.record.relative_to(context.results.folder).as_posix()
        if name not in sealed and name not in reported:
            yield Finding("error", finished.run.id, "a finished run under the seal", "a run that is not sealed", _SEAL)


def _papers(context: AuditContext) -> Iterator[Finding]:
    """Compare the files of the papers with the seal; a seal of the first schema covers none."""
    if context.unusable_plan:
        return
    sealed = context.sealed.get("papers")
    if context.project.absent:
        yield from absent_papers(context) if sealed else ()
        return
    context.examined.update({"files of papers": len(sealed or ())})
    for name in context.other_papers:
        known = sealed is not None and name in sealed
        here = context.at_root(name).is_file()
        expected = "the sealed file" if known else "no file, as in the seal"
        yield other_papers(context, name, expected, "another file" if here else "no such file")


def _data(context: AuditContext, sealed: Mapping[str, Any]) -> Iterator[Finding]:
    """Compare the prepared images with the seal. Data sets that are not on this machine could not be checked."""
    absent = sorted({str(Path(name).parent) for name in sealed if not context.at_root(name).is_file()})
    for folder in absent:
        yield absent_images(context, folder, "not on this machine: the sealed images were not compared")
    for name, facts in sealed.items():
        if context.at_root(name).is_file():  # a file that is there can be wrong, whatever else is absent
            context.examined.update({"files of images": 1})
            for finding in _compared(context, context.at_root(name), name, facts, _FETCH):
                is_wrong = finding.severity == "error"
                yield prepared_otherwise(context, str(Path(name).parent), finding) if is_wrong else finding
    if not context.unusable_plan:
        yield from _images_not_sealed(context, sealed)


def _images_not_sealed(context: AuditContext, sealed: Mapping[str, Any]) -> Iterator[Finding]:
    """Find prepared files that were added to a sealed data set, and data sets that the seal does not have."""
    for folder, names in data_sets(context.plan).items():
        others = [name for name in names if name not in sealed]
        if any(Path(name).is_relative_to(folder) for name in sealed):
            yield from (Finding("error", name, "no file, as in the seal", "a file", _NOT_SEALED) for name in others)
        elif others:
            yield Finding("info", folder, "images in the seal", "a seal that names none of them", _RECORDED)


def _compared(context: AuditContext, path: Path, name: str, facts: Mapping[str, Any], remedy: str) -> Iterator[Finding]:
    try:
        other = difference(path, facts, context.sha256)
    except OSError as error:
        if unreadable(error) is None:
            raise
        yield unreadable_file(name, error)
        return
    if other is not None:
        yield Finding("error", name, *other, remedy)


def _last_audit(context: AuditContext, root: str) -> Iterator[Finding]:
    """Compare the root hash with that in audit.json, which reveals that the folder was sealed again since."""
    path = context.results.audit
    if not path.is_file():
        return
    try:
        audit = read_json(path)
        rest = {key: value for key, value in audit.items() if key != "self_sha256"}
        unchanged = sha256_of_value(rest) == audit["self_sha256"] and as_written(path, audit)
    except (UserError, AttributeError, KeyError, TypeError, ValueError) as error:
        if (cause := unreadable(error)) is not None:
            yield unreadable_file(path.name, cause)
            return
        unchanged = False
    if not unchanged:
        yield Finding("error", path.name, "an unchanged audit", "another file", "none: this audit replaces it")
    elif audit["root"] != root:
        remedy = "if you don't know who sealed the folder again, compare it with a copy"
        yield Finding("error", path.name, f"root hash {audit['root']}", root, remedy)
