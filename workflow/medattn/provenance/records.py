"""Reading the record of a run, or the reason of its last failure."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medattn.errors import UserError
from medattn.files import read_json, sha256_of_file
from medattn.layout import RunPaths

NOT_TRAINED = "not trained yet"
"""Reason why a run without a record and without a failure has no result."""
_KINDS: dict[str, tuple[type, ...]] = {"status": (str,), "epochs": (int,), "seconds": (int, float), "outputs": (dict,)}


def read_record(path: Path) -> dict[str, Any]:
    """Read the record of a finished run.

    Raises:
        UserError: the file is missing or is not a record.
    """
    record = read_json(path)
    if (
        not isinstance(record, dict)
        or any(not isinstance(record.get(key), kinds) for key, kinds in _KINDS.items())
        or (record["status"] != "ok" and not isinstance(record.get("reason"), str))
    ):
        raise UserError(f"{path}: not the record of a run; delete {path.parent} and train the run again")
    return record


def check_output(record: Mapping[str, Any], path: Path) -> None:
    """Check that the hash of `path` is the one in the record of its run.

    Raises:
        UserError: the file is missing or differs.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file, although the run has finished; {_remedy(path)}")
    _check_hash(record, path, sha256_of_file(path))


def read_output(record: Mapping[str, Any], path: Path) -> bytes:
    """Read `path` once, check its hash, and return its content; raises as `check_output`."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file, although the run has finished; {_remedy(path)}") from error
    _check_hash(record, path, hashlib.sha256(content).hexdigest())
    return content


def _check_hash(record: Mapping[str, Any], path: Path, sha256: str) -> None:
    named = record["outputs"].get(path.name)
    if not isinstance(named, dict) or sha256 != named.get("sha256"):
        raise UserError(f"{path}: not the file that the record of the run names; {_remedy(path)}")


def _remedy(path: Path) -> str:
    return f"delete {path.parent} and train the run again"


def ending(files: RunPaths) -> dict[str, Any] | str:
    """Return the record of a run with status ok, or one line with the reason why there is none.

    Raises:
        UserError: a file of the run is damaged.
    """
    if not files.record.exists():
        return failure_reason(files.failure) if files.failure.exists() else NOT_TRAINED
    record = read_record(files.record)
    return record if record["status"] == "ok" else f"{record['status']}: {record['reason']}"


def earlier_failures(path: Path) -> list[dict[str, str]]:
    """Return reason and time of each failed attempt at a run, oldest first; empty without a failure.json."""
    try:
        failure = read_json(path)
    except UserError:
        return []
    if not isinstance(failure, dict) or not isinstance(failure.get("reason"), str):
        return []
    earlier = failure.get("earlier")
    last = {key: failure[key] for key in ("reason", "failed") if isinstance(failure.get(key), str)}
    return [*(earlier if isinstance(earlier, list) else []), last]


def failure_reason(path: Path) -> str:
    """Return one line with the reason why the last attempt at a run failed.

    Raises:
        UserError: the file is missing or damaged.
    """
    failure = read_json(path)
    if not isinstance(failure, dict) or not isinstance(failure.get("reason"), str):
        raise UserError(f"{path}: not the file of a failed run; delete it and train the run again")
    return "failed: " + " ".join(failure["reason"].split())
