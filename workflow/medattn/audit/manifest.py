"""The seal of a results folder: manifest.json names every file with its hash, and one root hash stands for them all.

Not in it are the files that are made from a sealed folder, after it: the seal and the audit themselves, the crate, the
report (which carries the root hash; the audit makes it again and compares), Snakemake's own report, and what schedulers
and the jobs that seal and audit write while they run.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from medattn.errors import UserError
from medattn.files import read_json, sha256_of_file, sha256_of_value, write_json
from medattn.layout import ResultPaths
from medattn.plan.model import Plan

SCHEMA = 1
MADE_AFTERWARDS = (
    r"manifest\.json|audit\.json|report\.html|crate/.*|snakemake-report.*|slurm-logs/.*"
    r"|logs/(seal|audit|crate)_.*|logs/render_report.log"
)

Hash = Callable[[Path], str]


def sealed_files(folder: Path) -> Iterator[str]:
    """Yield the names of all files of a results folder that a seal covers, in order."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    yield from sorted(name for name in names if not re.fullmatch(MADE_AFTERWARDS, name))


def data_files(plan: Plan) -> Iterator[str]:
    """Yield the files of the prepared data sets and the weights that the runs of a plan read, where they lie."""
    for folder in sorted({cell.prepared for cell in plan.cells.values() if cell.missing is None}):
        for path in sorted(Path(folder).glob("*")):
            yield path.as_posix()


def seal(results: ResultPaths, plan: Plan) -> str:
    """Write manifest.json and remove the audit of the folder as it was before; return the root hash."""
    value: dict[str, Any] = {
        "schema": SCHEMA,
        "selection": plan.selection,
        "files": {name: _facts(results.folder / name) for name in sealed_files(results.folder)},
        "data": {name: _facts(Path(name)) for name in data_files(plan)},
    }
    results.audit.unlink(missing_ok=True)
    root = sha256_of_value(value)
    write_json(results.manifest, {**value, "root": root})
    return root


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a seal.

    Raises:
        UserError: there is none, or the file is not one as it was written.
    """
    value = read_json(path)
    mend = "the seal itself was changed; seal the folder again if you know why: `medattn audit --seal`"
    if not isinstance(value, dict) or not all(isinstance(value.get(key), dict) for key in ("files", "data")):
        raise UserError(f"{path}: not the seal of a results folder; {mend}")
    rest = {key: part for key, part in value.items() if key != "root"}
    if value.get("schema") != SCHEMA or sha256_of_value(rest) != value.get("root") or not as_written(path, value):
        raise UserError(f"{path}: its root hash is not that of its content; {mend}")
    for name in value["files"]:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise UserError(f"{path}: names a file outside of its folder; {mend}")
    return value


def as_written(path: Path, value: object) -> bool:
    """Return whether a JSON file is byte for byte what this software writes of `value`."""
    return path.read_bytes() == (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def difference(path: Path, facts: Mapping[str, Any], sha256: Hash) -> tuple[str, str] | None:
    """Return what is expected of a file and what is found, where it is not the one that `facts` tell of."""
    if not path.is_file():
        return "a file", "no such file"
    size = path.stat().st_size
    if size != facts.get("bytes"):
        return f"{facts.get('bytes')} bytes", f"{size} bytes"
    found = sha256(path)
    return None if found == facts.get("sha256") else (f"SHA-256 {facts.get('sha256')}", found)


def _facts(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "sha256": sha256_of_file(path)}
