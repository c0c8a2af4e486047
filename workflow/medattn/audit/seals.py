"""The history of all seals of a results folder: seals.jsonl, to which every seal adds a line.

A line has the changes since the seal before: every added, changed and removed file with its hash. From them each
earlier manifest, and with it each root hash, can be computed again. Each seal names the root hash of the seal before,
so no line can be changed or removed without changing every later root hash.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medattn.errors import UserError
from medattn.files import sha256_of_value, write_text
from medattn.layout import ResultPaths
from medattn.reading import parse_json, read_bytes

SCHEMA = 2
FIRST_SCHEMA = 1
"""Seals of this schema have no history and cover no papers."""
PARTS = ("files", "data", "papers")
"""Parts of a seal: files of the folder, named from there, and data and papers, named from the working directory."""

Facts = dict[str, Any]
State = dict[str, dict[str, Facts]]
"""Size and hash of every sealed file, by part and path."""
_HEADING = ("schema", "selection", "number", "sealed", "previous", "made_with")
RESTORE_SEALS = "restore it from a copy; to begin a new history, move it away, and tell everyone who keeps a root hash"


def manifest_of(heading: Mapping[str, Any], parts: Mapping[str, Mapping[str, Facts]]) -> dict[str, Any]:
    """Return the content of manifest.json.

    Args:
        heading: schema, selection and, from schema 2, number, time, the root hash of the seal before and the software.
        parts: size and hash of every file, by part and path.
    """
    names = PARTS if heading["schema"] > FIRST_SCHEMA else ("files", "data")
    value = {**heading, **{part: dict(sorted(parts[part].items())) for part in names}}
    return {**value, "root": sha256_of_value(value)}


@dataclass(frozen=True)
class Seal:
    """A seal in the history of a folder.

    Attributes:
        entry: its line.
        before: what the seal before it covered: size and hash of every file, by part and path.
        after: what this seal covers.
    """

    entry: Mapping[str, Any]
    before: State
    after: State

    @property
    def root(self) -> str:
        """Root hash of the seal."""
        return str(self.entry["root"])

    @property
    def number(self) -> int:
        """Number of the seal, counted from 1."""
        return int(self.entry["number"])

    @property
    def manifest(self) -> dict[str, Any]:
        """Content of manifest.json under this seal."""
        names = _HEADING if self.entry["schema"] > FIRST_SCHEMA else _HEADING[:2]
        return manifest_of({key: self.entry[key] for key in names}, self.after)

    @property
    def name(self) -> str:
        """Number and time of the seal, for messages."""
        time = self.entry.get("sealed")
        return f"seal {self.number}" + (f" ({time})" if time else "")

    @property
    def counts(self) -> dict[str, int]:
        """Number of added, changed and removed files."""
        parts = self.entry["changes"].values()
        return {kind: sum(len(part[kind]) for part in parts) for kind in ("added", "changed", "removed")}


def read_seals(results: ResultPaths) -> list[Seal]:
    """Read seals.jsonl and compute every root hash again.

    Raises:
        UserError: a line is damaged, or does not follow from the lines before it.
    """
    seals: list[Seal] = []
    content = read_bytes(results.seals, RESTORE_SEALS)
    try:
        lines = content.decode().split("\n")  # other line breaks can be part of file names
        for number, line in enumerate(lines[:-1], start=1):
            seals.append(_read(f"{line}\n", number, seals))
        if lines[-1]:
            raise _BrokenError("it does not end with a line break")
    except (UserError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = str(error) if isinstance(error, (_BrokenError, UserError)) else f"{type(error).__name__}: {error}"
        raise UserError(f"{results.seals}, line {len(seals) + 1}: {reason}; {RESTORE_SEALS}") from error
    if not seals:
        raise UserError(f"{results.seals}: empty; {RESTORE_SEALS}")
    return seals


class _BrokenError(ValueError):
    """A line of the history that does not follow from the lines before it."""


def _read(line: str, number: int, earlier: Sequence[Seal]) -> Seal:
    entry = parse_json(line, "the line", "every seal writes JSON")
    before = earlier[-1].after if earlier else _nothing()
    if line != _line(entry):
        raise _BrokenError("other bytes than a seal writes")
    if entry["number"] != number:
        raise _BrokenError(f"seal {entry['number']}, where seal {number} follows")
    if entry["schema"] not in (FIRST_SCHEMA, SCHEMA) or (entry["schema"] == FIRST_SCHEMA and number > 1):
        raise _BrokenError(f"unknown schema {entry['schema']}")
    if entry["schema"] == SCHEMA and entry["previous"] != (earlier[-1].root if earlier else None):
        raise _BrokenError("it names another seal before it")
    after = _applied(before, entry["changes"])
    if _changes(before, after) != entry["changes"]:
        raise _BrokenError("changes that do not follow from the seal before")
    found = Seal(entry, before, after)
    if found.manifest["root"] != entry["root"]:
        raise _BrokenError("its root hash does not match its content")
    return found


def seal_without_history(manifest: Mapping[str, Any]) -> Seal:
    """Return the seal of a manifest of the first schema, which had no history, as the first seal of one."""
    heading = {"schema": FIRST_SCHEMA, "selection": manifest["selection"]}
    state: State = {"files": manifest["files"], "data": manifest["data"], "papers": {}}
    entry = {**heading, "number": 1, "changes": _changes(_nothing(), state), "root": manifest["root"]}
    return Seal(entry, _nothing(), state)


def next_seal(history: Sequence[Seal], state: State, selection: str, made_with: Mapping[str, Any]) -> Seal:
    """Return the seal of `state` that follows the last seal of `history`.

    Args:
        history: the earlier seals, oldest first.
        state: what is sealed.
        selection: name of the selection.
        made_with: the software that made the folder.
    """
    before = history[-1].after if history else _nothing()
    heading = {
        "schema": SCHEMA,
        "selection": selection,
        "number": len(history) + 1,
        "sealed": datetime.now(UTC).isoformat(timespec="seconds"),
        "previous": history[-1].root if history else None,
        "made_with": dict(made_with),
    }
    root = manifest_of(heading, state)["root"]
    return Seal({**heading, "changes": _changes(before, state), "root": root}, before, state)


def write_seals(path: Path, seals: Sequence[Seal]) -> None:
    """Write seals.jsonl."""
    write_text(path, "".join(_line(seal.entry) for seal in seals))


def _line(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n"


def _nothing() -> State:
    return {part: {} for part in PARTS}


def _changes(before: State, after: State) -> dict[str, dict[str, Any]]:
    """Return added and changed files with their facts and the names of removed files, by part."""
    return {
        part: {
            "added": {name: facts for name, facts in sorted(after[part].items()) if name not in before[part]},
            "changed": {
                name: facts
                for name, facts in sorted(after[part].items())
                if name in before[part] and before[part][name] != facts
            },
            "removed": sorted(set(before[part]) - set(after[part])),
        }
        for part in PARTS
    }


def _applied(before: State, changes: Mapping[str, Mapping[str, Any]]) -> State:
    after: State = {}
    for part in PARTS:
        removed = set(changes[part]["removed"])
        kept = {name: facts for name, facts in before[part].items() if name not in removed}
        after[part] = {**kept, **changes[part]["added"], **changes[part]["changed"]}
    return after
