"""The seal of a results folder: manifest.json lists every file with its hash, under one root hash.

The seal leaves out files that are written after it, from the sealed folder: the seal and the audit themselves, the
crate, the report (which shows the root hash; the audit renders it again and compares), Snakemake's own report, and the
logs and benchmarks of schedulers and of the jobs that seal, render the report and audit. It also leaves out the files
that name the owners of the plan.
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
NOT_SEALED = (
    r"\.owner-.*|manifest\.json|audit\.json|report\.html|crate/.*|snakemake-report.*|slurm-logs/.*"
    r"|(logs|benchmarks)/(seal|audit|crate)_.*|(logs|benchmarks)/render_report\..*"
)

Hash = Callable[[Path], str]


def sealed_files(folder: Path) -> Iterator[str]:
    """Yield the names of all files of a results folder that the seal covers, sorted."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    yield from sorted(name for name in names if not re.fullmatch(NOT_SEALED, name))


def data_files(plan: Plan) -> Iterator[str]:
    """Yield the paths of the prepared data files of a plan's cells, as far as they are available."""
    for folder in sorted({cell.prepared for cell in plan.cells.values()}):
        for path in sorted(Path(folder).glob("*")):
            yield path.as_posix()


def seal(results: ResultPaths, plan: Plan) -> str:
    """Write manifest.json, remove the outdated audit.json and return the root hash."""
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
        UserError: the file is missing or was changed.
    """
    value = read_json(path)
    remedy = "the seal was changed; if you know why, seal the folder again with `medattn audit --seal`"
    if not isinstance(value, dict) or not all(isinstance(value.get(key), dict) for key in ("files", "data")):
        raise UserError(f"{path}: not the seal of a results folder; {remedy}")
    rest = {key: part for key, part in value.items() if key != "root"}
    if value.get("schema") != SCHEMA or sha256_of_value(rest) != value.get("root") or not as_written(path, value):
        raise UserError(f"{path}: its root hash does not match its content; {remedy}")
    for name in value["files"]:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise UserError(f"{path}: lists a file outside of its folder; {remedy}")
    return value


def as_written(path: Path, value: object) -> bool:
    """Return whether a JSON file has exactly the bytes that medattn writes for `value`."""
    return path.read_bytes() == (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def difference(path: Path, facts: Mapping[str, Any], sha256: Hash) -> tuple[str, str] | None:
    """Return the expected and the found state of a file if its size or hash differs from `facts`; else None."""
    if not path.is_file():
        return "a file", "no such file"
    size = path.stat().st_size
    if size != facts.get("bytes"):
        return f"{facts.get('bytes')} bytes", f"{size} bytes"
    found = sha256(path)
    return None if found == facts.get("sha256") else (f"SHA-256 {facts.get('sha256')}", found)


def _facts(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "sha256": sha256_of_file(path)}
