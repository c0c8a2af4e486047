"""The files of the crate match its description and the results folder."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.files import read_json

_REMEDY = "run `medattn crate` again"


def check_crate(context: AuditContext) -> Iterator[Finding]:
    """Compare every file that ro-crate-metadata.json names with its hash and with the file of the folder."""
    crate, folder = context.results.crate, context.results.folder
    if not crate.is_dir():
        return
    for entity in read_json(crate / "ro-crate-metadata.json")["@graph"]:
        if "sha256" not in entity:
            continue
        name = PurePosixPath(entity["@id"])
        if name.is_absolute() or ".." in name.parts:
            yield Finding("error", f"crate/{name}", "a file of the crate", "a path outside of the crate", _REMEDY)
        elif not (crate / name).is_file() or context.sha256(crate / name) != entity["sha256"]:
            yield Finding("error", f"crate/{name}", f"SHA-256 {entity['sha256']}", "another file or none", _REMEDY)
        elif name.as_posix() in ("audit.json", "manifest.json"):
            continue  # the folder may be audited or sealed again after the crate was written
        elif not (folder / name).is_file() or context.sha256(folder / name) != entity["sha256"]:
            yield Finding("warning", f"crate/{name}", "the current file of the folder", "another version", _REMEDY)
