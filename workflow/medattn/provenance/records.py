"""Reading the record of a run, or the reason of its last failure."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medattn.errors import UserError
from medattn.files import read_json, sha256_of_file
from medattn.layout import RunPaths
from medattn.reading import read_bytes

NOT_TRAINED = "not trained yet"
"""Reason why a run without a record and without a failure has no result."""
_NUMBER = (int, float)
_NEEDED = ("status", "epochs", "seconds", "outputs")
# Types of the values of a record, by key; a key of a mapping inside is written after a dot.
_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("run", "status", "reason", "finished", "configuration_sha256"), (str,)),
    **dict.fromkeys(("paper", "experiment", "dataset", "backbone", "arm", "stage"), (str,)),
    **dict.fromkeys(("configuration", "data", "code", "environment", "numerics", "outputs", "final"), (dict,)),
    **dict.fromkeys(("scheduler", "resources", "placebo_strengths"), (dict,)),
    **dict.fromkeys(("schema", "epochs", "seed"), (int,)),
    "seconds": _NUMBER,
    "sessions": (list,),
    "failures": (list,),
    "code.digest": (str,),
    "code.modules": (dict,),
    "data.files": (dict,),
    "data.evaluated": (str,),
    "environment.packages": (dict,),
    "configuration.recipe": (dict,),
}


def read_record(path: Path) -> dict[str, Any]:
    """Read the record of a finished run.

    Raises:
        UserError: the file is missing or is not a record.
    """
    record = read_json(path)
    wrong = _wrong_key(record)
    if wrong is not None:
        about = f" ({wrong} is missing or of another type)" if wrong else ""
        raise UserError(f"{path}: not the record of a run{about}; move {path.parent} away and train the run again")
    return dict(record)


def _wrong_key(record: object) -> str | None:
    """Return the first key of a record with a value that no record has, "" if it is no record, None if it is one."""
    if not isinstance(record, dict):
        return ""
    for key, kinds in _KINDS.items():
        outer, _, inner = key.rpartition(".")
        where = record.get(outer, {}) if outer else record
        needed = key in _NEEDED or (key == "reason" and record["status"] != "ok")
        if (inner in where or needed) and not _is(where.get(inner), kinds):
            return key
    if record["epochs"] < 0 or record["seconds"] < 0:
        return "epochs" if record["epochs"] < 0 else "seconds"
    if not all(isinstance(facts, dict) for facts in record["outputs"].values()):
        return "outputs"
    return None if all(map(_is_session, record.get("sessions", []))) else "sessions"


def _is(value: object, kinds: tuple[type, ...]) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)


def _is_session(value: object) -> bool:
    return isinstance(value, dict) and _is(value.get("seconds", 0), _NUMBER) and _is(value.get("started", ""), (str,))


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
    if not path.is_file():
        raise UserError(f"{path}: no such file, although the run has finished; {_remedy(path)}")
    content = read_bytes(path, _remedy(path), limit=1 << 36)
    _check_hash(record, path, hashlib.sha256(content).hexdigest())
    return content


def _check_hash(record: Mapping[str, Any], path: Path, sha256: str) -> None:
    named = record["outputs"].get(path.name)
    if not isinstance(named, dict) or sha256 != named.get("sha256"):
        raise UserError(f"{path}: not the file that the record of the run names; {_remedy(path)}")


def _remedy(path: Path) -> str:
    return f"move {path.parent} away and train the run again"


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
