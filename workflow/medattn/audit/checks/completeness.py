"""Every planned run has one record, and every failed run says why it failed."""

from collections.abc import Iterator
from typing import Any

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.obstacles import damaged_file
from medattn.errors import UserError
from medattn.files import read_json, sha256_of_value
from medattn.provenance.records import failure_reason

_TRAIN = "run `medattn train --plan {plan}`"


def check_completeness(context: AuditContext) -> Iterator[Finding]:
    """Compare the plan with the run folders and the pack files."""
    context.examined.update(runs=len(context.plan.runs), packs=len(context.plan.packs))
    yield from _missing(context)
    yield from _not_planned(context)
    yield from _duplicates(context)
    yield from _packs(context)


def _missing(context: AuditContext) -> Iterator[Finding]:
    for run in context.plan.runs.values():
        files = context.results.run(run.folder, run.name)
        if context.plan.cells[run.cell].missing is not None or files.record.is_file():
            continue
        if not files.failure.is_file():
            yield Finding("error", run.id, "a record", "none: the run was not trained, or its record was lost", _TRAIN)
            continue
        try:
            yield Finding("warning", run.id, "a record", failure_reason(files.failure), f"fix the cause and {_TRAIN}")
        except UserError as error:
            damaged = Finding("error", run.id, "a record, or the reason of a failure", str(error), _TRAIN)
            yield damaged_file(damaged, error)


def _not_planned(context: AuditContext) -> Iterator[Finding]:
    others = [
        f"{folder.parent.name}/{folder.name}"
        for folder in sorted((context.results.folder / "runs").glob("*/*"))
        if f"{folder.parent.name}/{folder.name}" not in context.plan.runs
    ]
    if others:
        found = f"{len(others)} runs of another plan, such as {others[0]}"
        yield Finding("info", "runs/", "only runs of this plan", found, "none: no table shows them")


def _duplicates(context: AuditContext) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for finished in context.finished_runs():
        if not finished.trained:
            continue
        record = finished.record
        data = {key: value for key, value in record["data"].items() if key in ("entry_sha256", "split_sha256")}
        same = sha256_of_value([finished.run.stage, record["configuration_sha256"], data])
        first = seen.setdefault(same, finished.run.id)
        if first != finished.run.id and "split_sha256" in data:
            yield Finding(
                "error",
                finished.run.id,
                "a run with its own settings and images",
                f"those of {first}",
                "find out which of the two is right, and move the folder of the other out of runs/",
            )


def _packs(context: AuditContext) -> Iterator[Finding]:
    records = {finished.run.id: finished.record for finished in context.finished_runs()}
    for pack in context.plan.packs.values():
        path, place = context.results.pack(pack.id), f"packs/{pack.id}.json"
        if not path.is_file():
            if all(run in records for run in pack.runs):
                yield Finding("error", place, "a file with the endings of the runs of the pack", "none", _TRAIN)
            continue
        value: Any = read_json(path)
        endings = {
            run: {key: records[run][key] for key in ("status", "epochs", "seconds")}
            for run in pack.runs
            if run in records
        }
        if isinstance(value, dict) and isinstance(runs := value.get("runs"), dict):
            value = {**value, "runs": {run: end for run, end in runs.items() if run not in context.unread_runs}}
        if value != {"pack": pack.id, "runs": endings}:
            yield Finding(
                "error",
                place,
                "the endings in the records of its runs",
                "other endings",
                f"move it out of packs/ and {_TRAIN}",
            )
