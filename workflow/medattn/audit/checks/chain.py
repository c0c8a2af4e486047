"""Every seal names the one before it, and no finished run changed or disappeared between two seals."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.manifest import read_manifest
from medattn.audit.obstacles import damaged_file, lost_manifest
from medattn.audit.seals import FIRST_SCHEMA, Facts, Seal, read_seals
from medattn.errors import UserError

_SEAL = "seal again: `medattn audit {folder} --seal`"
_CHANGED = "find out why; `medattn audit {folder} --replay all` trains runs again and compares them"
_REMOVED = "find out why; a result that is left out because it is unwelcome makes the others meaningless"


def check_chain(context: AuditContext) -> Iterator[Finding]:
    """Compute every earlier root hash again, and compare the records of finished runs between consecutive seals."""
    results = context.results
    if not results.manifest.is_file():
        if results.seals.is_file():
            yield lost_manifest(context)
        return  # without any seal, the check of the seal says so
    try:
        manifest = read_manifest(results.manifest)
    except UserError:
        return
    if not results.seals.is_file():
        if manifest["schema"] != FIRST_SCHEMA:
            remedy = "restore it from a copy"
            yield Finding("error", results.seals.name, f"the history of {manifest['number']} seals", "no file", remedy)
        return
    try:
        seals = read_seals(results)
    except UserError as error:
        damaged = Finding("error", results.seals.name, "an unchanged history of seals", str(error))
        yield damaged_file(damaged, error)
        return
    context.examined.update(seals=len(seals))
    if seals[-1].root != manifest["root"]:
        expected = f"root hash {seals[-1].root} of {seals[-1].name}"
        yield Finding("error", results.manifest.name, expected, str(manifest["root"]), _SEAL)
    yield from _runs_between(context, seals)


def _runs_between(context: AuditContext, seals: Sequence[Seal]) -> Iterator[Finding]:
    """Find runs that were sealed as finished and then changed or disappeared. Runs of other plans are not counted."""
    planned = None if context.unusable_plan else set(context.plan.runs)
    places = None if planned is None else {_place(run) for run in planned}
    last: dict[str, str] = {}  # the hash of each record as it was last sealed
    for seal in seals:
        records = _records(seal.after["files"])
        changed = [run for run, sha256 in records.items() if last.get(run, sha256) != sha256]
        removed = [run for run in _records(seal.before["files"]) if run not in records]
        last.update(records)
        if wrong := [run for run in changed if planned is None or run in planned]:
            found = f"other records of {_named(wrong)} in {seal.name}"
            yield Finding("warning", "seals.jsonl", "finished runs that never change", found, _CHANGED)
        if gone := [run for run in removed if planned is None or run in planned or _place(run) not in (places or ())]:
            found = f"{_named(gone)} removed before {seal.name}"
            yield Finding("warning", "seals.jsonl", "finished runs that stay", found, _REMOVED)
        if rest := [run for run in [*changed, *removed] if run not in wrong and run not in gone]:
            found = f"{_named(rest)} of another plan changed or removed before {seal.name}"
            yield Finding("info", "seals.jsonl", "finished runs that never change", found)


def _records(files: Mapping[str, Facts]) -> dict[str, str]:
    """Return the hash of every sealed record by the id of its run."""
    found = {}
    for name, facts in files.items():
        parts = PurePosixPath(name).parts
        if len(parts) == 4 and parts[0] == "runs" and parts[3] == "record.json":
            found[f"{parts[1]}/{parts[2]}"] = str(facts["sha256"])
    return found


def _place(run: str) -> str:
    """Return the cell, stage, seed and fold of a run: its id without the digest of settings and code."""
    return run.rpartition("-")[0]


def _named(runs: Sequence[str]) -> str:
    return f"{len(runs)} runs ({', '.join(runs)})" if len(runs) > 1 else f"the run {runs[0]}"
