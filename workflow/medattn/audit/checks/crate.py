"""The files of the crate are those that it describes, and those of the folder that it was made from."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.files import read_json

_ANEW = "write it again: `medattn crate`"


def check_crate(subject: AuditContext) -> Iterator[Finding]:
    """Hash every file that ro-crate-metadata.json names, where there is a crate, and compare it with the folder's."""
    crate, folder = subject.results.crate, subject.results.folder
    if not crate.is_dir():
        return
    for entity in read_json(crate / "ro-crate-metadata.json")["@graph"]:
        if "sha256" not in entity:
            continue
        name = PurePosixPath(entity["@id"])
        if name.is_absolute() or ".." in name.parts:
            yield Finding("error", f"crate/{name}", "a file of the crate", "a path out of it", _ANEW)
        elif not (crate / name).is_file() or subject.sha256(crate / name) != entity["sha256"]:
            yield Finding("error", f"crate/{name}", f"SHA-256 {entity['sha256']}", "another file, or none", _ANEW)
        elif name.as_posix() in ("audit.json", "manifest.json"):
            continue  # a later audit or seal is no fault of the crate's
        elif not (folder / name).is_file() or subject.sha256(folder / name) != entity["sha256"]:
            yield Finding("warning", f"crate/{name}", "the file of the folder", "an earlier one", _ANEW)
