"""The seal of a results folder: manifest.json lists every file with its hash, under one root hash.

The seal covers the files of the folder, the prepared data and the papers' files that decide numbers. It names the seal
before it, so the root hash vouches for the whole history in seals.jsonl, too.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from medattn.audit.carried import carried
from medattn.audit.folder_files import folder_files
from medattn.audit.made_with import made_with, paper_files
from medattn.audit.seals import (
    FIRST_SCHEMA,
    RESTORE_SEALS,
    SCHEMA,
    Facts,
    Seal,
    State,
    next_seal,
    read_seals,
    seal_without_history,
    write_seals,
)
from medattn.errors import UserError
from medattn.files import read_json, sha256_of_file, sha256_of_value, write_json
from medattn.layout import ResultPaths
from medattn.plan.model import Plan
from medattn.reading import read_bytes
from medattn.temporary_files import sweep

_NOTHING = re.compile(r"(?!)")  # matches no name

Hash = Callable[[Path], str]


def sealed_files(folder: Path) -> Iterator[str]:
    """Yield the names of all files of a results folder that the seal covers, sorted."""
    yield from folder_files(folder).names


def data_files(plan: Plan) -> Iterator[str]:
    """Yield the paths of the prepared data files of a plan's cells, as far as they are available."""
    for names in data_sets(plan).values():
        yield from names


def data_sets(plan: Plan) -> dict[str, list[str]]:
    """Return the paths of the prepared data files of a plan's cells by their folder, for folders that are available."""
    folders = sorted({cell.prepared for cell in plan.cells.values()})
    return {
        folder: [(Path(folder) / name).as_posix() for name in folder_files(Path(folder), _NOTHING).names]
        for folder in folders
        if Path(folder).is_dir()
    }


def contents(results: ResultPaths, plan: Plan) -> State:
    """Return size and hash of everything that a seal covers.

    Raises:
        UserError: a file cannot be read or was removed meanwhile.
    """
    return {
        "files": {name: _facts(results.folder / name) for name in sealed_files(results.folder)},
        "data": {name: _facts(Path(name)) for name in data_files(plan)},
        "papers": {name: _facts(path) for name, path in paper_files(Path(), plan.configuration).items()},
    }


@dataclass(frozen=True)
class NewSeal:
    """A seal that was written.

    Attributes:
        root: its root hash.
        carried: names of images and papers that are not on this machine, which it has as the seal before it.
        is_other: whether the root hash is another one than that of the seal before; true for the first seal.
    """

    root: str
    carried: tuple[str, ...]
    is_other: bool


def seal(results: ResultPaths, plan: Plan) -> NewSeal:
    """Add a seal to the history, write manifest.json, and remove an audit.json that is about another seal.

    A folder that is as the last seal left it keeps this seal. Images and papers that are not on this machine stay
    sealed as they were. Temporary files of dead processes are removed first. The working directory is the project: the
    seal names images and papers by their paths from there.

    Raises:
        UserError: the history was changed, or a file cannot be read.
    """
    history = _history(results)
    for folder in folder_files(results.folder).folders:
        sweep(folder)
    state, absent = contents(results, plan), State()
    if history:
        absent = carried(history[-1].after, state, plan)
        state = {part: {**state[part], **absent[part]} for part in state}
    is_other = not history or history[-1].after != state or history[-1].entry["selection"] != plan.selection
    if is_other:
        history = [*history, next_seal(history, state, plan.selection, made_with())]
        write_seals(results.seals, history)
        results.audit.unlink(missing_ok=True)
    value = history[-1].manifest
    write_json(results.manifest, value)
    return NewSeal(str(value["root"]), tuple(name for part in absent.values() for name in part), is_other)


def _history(results: ResultPaths) -> list[Seal]:
    """Read and verify the history of a folder, oldest seal first; empty where the folder has none.

    A seal without a history, by an earlier version, becomes the first seal.

    Raises:
        UserError: the history was changed, or it is missing although manifest.json names an earlier seal.
    """
    if results.seals.is_file():
        return read_seals(results)
    if not results.manifest.is_file():
        return []
    value = read_manifest(results.manifest)
    if value["schema"] != FIRST_SCHEMA:
        raise UserError(f"{results.seals}: no such file, although the folder has a seal; {RESTORE_SEALS}")
    return [seal_without_history(value)]


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
    known = value.get("schema") == FIRST_SCHEMA or (
        value.get("schema") == SCHEMA and isinstance(value.get("papers"), dict)
    )
    if not known or sha256_of_value(rest) != value.get("root") or not as_written(path, value):
        raise UserError(f"{path}: its root hash does not match its content; {remedy}")
    for name in value["files"]:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise UserError(f"{path}: lists a file outside of its folder; {remedy}")
    return value


def as_written(path: Path, value: object) -> bool:
    """Return whether a JSON file has exactly the bytes that medattn writes for `value`."""
    return read_bytes(path) == (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def difference(path: Path, facts: Mapping[str, Any], sha256: Hash) -> tuple[str, str] | None:
    """Return the expected and the found state of a file if its size or hash differs from `facts`; else None."""
    if not path.is_file():
        return "a file", "no such file"
    size = path.stat().st_size
    if size != facts.get("bytes"):
        return f"{facts.get('bytes')} bytes", f"{size} bytes"
    found = sha256(path)
    return None if found == facts.get("sha256") else (f"SHA-256 {facts.get('sha256')}", found)


def _facts(path: Path) -> Facts:
    try:
        return {"bytes": path.stat().st_size, "sha256": sha256_of_file(path)}
    except OSError as error:
        raise UserError(f"{path}: cannot be sealed ({error.strerror}); make it readable and seal again") from error
