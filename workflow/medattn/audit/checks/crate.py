"""The crate equals a new one of the same folder: description, preview and every file, byte for byte."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from medattn.audit.context import AuditContext
from medattn.audit.earlier_audit import lost_since
from medattn.audit.finding import Finding
from medattn.audit.manifest import sealed_files
from medattn.audit.obstacles import (
    absent_images,
    absent_papers,
    explained,
    in_project,
    unreadable,
    unreadable_file,
)
from medattn.audit.unusable_plan import unusable_plan
from medattn.crate.crate_files import crate_files
from medattn.crate.workflow_files import WORKFLOW_FILES
from medattn.crate.write_crate import GUIDE, METADATA, PREVIEW, CrateContents, crate_contents
from medattn.errors import UserError

_REMEDY = "write the crate again"
_DESCRIBING = (METADATA, PREVIEW, GUIDE)


def check_crate(context: AuditContext) -> Iterator[Finding]:
    """Make the crate again and compare it with crate/: no file may differ, lack or be added."""
    crate = context.results.crate
    if not crate.is_dir():
        if (lost := lost_since(context, crate.name)) is not None:
            yield lost
        return
    found = {path.relative_to(crate).as_posix() for path in crate.rglob("*") if path.is_symlink() or not path.is_dir()}
    arrays = any(name.endswith(".safetensors") for name in found)
    expected, obstacle = _expected(context, arrays)
    for name in sorted(found | {*expected.copied, *expected.written, *_DESCRIBING, *WORKFLOW_FILES}):
        if not expected.written and name in (*_DESCRIBING, *WORKFLOW_FILES) and name in found:
            continue
        try:
            difference = _difference(context, expected, name, name in found)
        except OSError as error:
            if unreadable(error) is None:
                raise
            yield unreadable_file(f"crate/{name}", error)
            continue
        if difference is None:
            context.examined.update(files=1)
        # Only the description and the rules follow from the software; all other files are copies.
        elif name in (*_DESCRIBING, *WORKFLOW_FILES):
            yield explained(context, difference, drawn=name in _DESCRIBING)
        else:
            yield difference
    if obstacle is not None:
        yield obstacle


def _expected(context: AuditContext, arrays: bool) -> tuple[CrateContents, Finding | None]:
    """Return the content of the crate; without its description, and with the reason, where that cannot be made."""
    sealed = list(sealed_files(context.results.folder))
    copied = {item.name: item.source for item in crate_files(context.results, sealed, arrays)}
    what = "description, preview and rules of the crate were not compared"
    if context.unusable_plan:
        return CrateContents(copied, {}), unusable_plan(context, what)
    if context.project.absent:
        finding = next(absent_papers(context))
        return CrateContents(copied, {}), replace(finding, found=f"{finding.found}: {what}")
    if absent := context.absent_data():
        return CrateContents(copied, {}), absent_images(context, absent[0], f"not on this machine: {what}")
    try:
        return crate_contents(context, sealed, arrays), None
    except UserError as error:
        if (reason := unreadable(error)) is not None:
            return CrateContents(copied, {}), unreadable_file("crate", reason)
        raise


def _difference(context: AuditContext, expected: CrateContents, name: str, is_there: bool) -> Finding | None:
    path, place = context.results.crate / name, f"crate/{name}"
    command = in_project(context, f"medattn crate {context.path_from_root(context.results.folder)}")
    if name not in expected.copied and name not in expected.written:
        return Finding("error", place, "no such file", "a file", _REMEDY, command=command)
    if not is_there or not path.is_file() or path.is_symlink():
        return Finding("error", place, "a file", "none" if not is_there else "something else", _REMEDY, command=command)
    if name in expected.written:
        sha256 = hashlib.sha256(expected.written[name]).hexdigest()
    else:
        sha256 = context.sha256(expected.copied[name])
    if context.sha256(path) == sha256:
        return None
    return Finding("error", place, "the file that the folder gives", "other bytes", _REMEDY, command=command)
