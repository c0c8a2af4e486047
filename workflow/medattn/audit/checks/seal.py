"""Every file of the folder is the one that was sealed, and no other is there."""

from collections.abc import Iterator
from pathlib import Path

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.manifest import as_written, data_files, difference, read_manifest, sealed_files
from medattn.errors import UserError
from medattn.files import read_json, sha256_of_value

_SEAL = "run snakemake, which seals what it has made, or `medattn audit --seal`"
_CHANGED = "bring the file back, or make it again with snakemake, which then seals anew"


def check_seal(subject: AuditContext) -> Iterator[Finding]:
    """Compare every file, its size and hash with manifest.json, and the root hash with the audit that stands there."""
    folder, path = subject.results.folder, subject.results.manifest
    if not path.is_file():
        yield Finding("warning", path.name, "a seal", "none", _SEAL)
        return
    try:
        manifest = read_manifest(path)
    except UserError as error:
        yield Finding("error", path.name, "a seal as it was written", str(error), _SEAL)
        return
    for name, facts in manifest["files"].items():
        if (other := difference(folder / name, facts, subject.sha256)) is not None:
            yield Finding("error", name, *other, _CHANGED)
    for name in sealed_files(folder):
        if name not in manifest["files"]:
            yield Finding("error", name, "no such file in the seal", "a file", "remove it, or seal anew if it is yours")
    for name, facts in manifest["data"].items():
        if (other := difference(Path(name), facts, subject.sha256)) is not None:
            yield Finding("error", name, *other, "delete its folder and run `medattn fetch` again")
    yield from _earlier_audit(subject, manifest["root"])
    for name in data_files(subject.plan):
        if name not in manifest["data"]:
            yield Finding("error", name, "no such file in the seal", "a file", "remove it, or seal anew if it is yours")


def _earlier_audit(subject: AuditContext, root: str) -> Iterator[Finding]:
    """An audit that stands in the folder remembers the root hash: a folder that was sealed behind its back shows."""
    path = subject.results.audit
    if not path.is_file():
        return
    try:
        audit = read_json(path)
        rest = {key: value for key, value in audit.items() if key != "self_sha256"}
        whole = sha256_of_value(rest) == audit["self_sha256"] and as_written(path, audit)
    except (UserError, AttributeError, KeyError, TypeError, ValueError):
        whole = False
    if not whole:
        yield Finding("error", path.name, "the audit as it was written", "another file", "this audit takes its place")
    elif audit["root"] != root:
        remedy = "if you don't know who sealed the folder again, compare it with a copy"
        yield Finding("error", path.name, f"root hash {audit['root']}", root, remedy)
