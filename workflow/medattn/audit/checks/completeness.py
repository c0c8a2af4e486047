"""Every planned run was found, once, and what failed says why."""

from collections.abc import Iterator
from typing import Any

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.errors import UserError
from medattn.files import read_json, sha256_of_value
from medattn.provenance.records import failure_reason

_TRAIN = "run snakemake, or `medattn train`"


def check_completeness(subject: AuditContext) -> Iterator[Finding]:
    """Compare the plan with the folders of runs and the files of packs."""
    yield from _missing(subject)
    yield from _not_planned(subject)
    yield from _duplicates(subject)
    yield from _packs(subject)


def _missing(subject: AuditContext) -> Iterator[Finding]:
    for run in subject.plan.runs.values():
        files = subject.results.run(run.cell, run.name)
        if subject.plan.cells[run.cell].missing is not None or files.record.is_file():
            continue
        if not files.failure.is_file():
            yield Finding("error", run.id, "a record", "none: not trained, or lost", _TRAIN)
            continue
        try:
            yield Finding("warning", run.id, "a record", failure_reason(files.failure), f"mend it and {_TRAIN}")
        except UserError as error:
            yield Finding("error", run.id, "a record, or why there is none", str(error), _TRAIN)


def _not_planned(subject: AuditContext) -> Iterator[Finding]:
    others = [
        f"{folder.parent.name}/{folder.name}"
        for folder in sorted((subject.results.folder / "runs").glob("*/*"))
        if f"{folder.parent.name}/{folder.name}" not in subject.plan.runs
    ]
    if others:
        found = f"{len(others)} of another plan, such as {others[0]}"
        yield Finding("info", "runs/", "runs of this plan", found, "they are in no table; delete them if you like")


def _duplicates(subject: AuditContext) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for ended in subject.ended():
        if not ended.trained:
            continue
        record = ended.record
        data = {key: value for key, value in record["data"].items() if key in ("entry_sha256", "split_sha256")}
        same = sha256_of_value([ended.run.stage, record["configuration_sha256"], data])
        first = seen.setdefault(same, ended.run.id)
        if first != ended.run.id and "split_sha256" in data:
            yield Finding("error", ended.run.id, "a run of its own", f"the same settings and images as {first}", "")


def _packs(subject: AuditContext) -> Iterator[Finding]:
    records = {ended.run.id: ended.record for ended in subject.ended()}
    for pack in subject.plan.packs.values():
        path, place = subject.results.pack(pack.id), f"packs/{pack.id}.json"
        if not path.is_file():
            if all(run in records for run in pack.runs):
                yield Finding("error", place, "a file that says how the runs of the pack ended", "none", _TRAIN)
            continue
        value: Any = read_json(path)
        endings = {
            run: {key: records[run][key] for key in ("status", "epochs", "seconds")}
            for run in pack.runs
            if run in records
        }
        if value != {"pack": pack.id, "runs": endings}:
            yield Finding(
                "error", place, "what the records of its runs say", "something else", f"delete it and {_TRAIN}"
            )
