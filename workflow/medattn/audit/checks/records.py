"""Records are what was written, agree with the plan, and name the very files that lie beside them."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from math import fsum, isclose
from typing import Any

from medattn.audit.context import AuditContext, Ended
from medattn.audit.finding import Finding
from medattn.audit.manifest import as_written, difference
from medattn.errors import UserError
from medattn.files import sha256_of_value
from medattn.plan.differences import differences
from medattn.plan.run_settings import run_settings
from medattn.plan.tuning_result import read_choice
from medattn.provenance.records import read_record

_MEND = "train the run again (delete its folder first), or bring the file back"
_OUTPUTS = {"history.csv", "scores.safetensors"}


def check_records(subject: AuditContext) -> Iterator[Finding]:
    """Check the record of every run against the plan, the configuration that it holds, and the run's files."""
    for run in subject.plan.runs.values():
        files = subject.results.run(run.cell, run.name)
        if files.record.is_file():
            try:
                read_record(files.record)
            except UserError as error:
                yield Finding("error", run.id, "a record", str(error), _MEND)
    for ended in subject.ended():
        try:
            for expected, found in _of_run(subject, ended):
                yield Finding("error", ended.run.id, expected, found, _MEND)
        except (UserError, KeyError, TypeError, ValueError, AttributeError, OSError) as error:
            yield Finding(
                "error", ended.run.id, "a record that can be followed", f"{type(error).__name__}: {error}", _MEND
            )


def _of_run(subject: AuditContext, ended: Ended) -> Iterator[tuple[str, str]]:
    """Yield what is expected of a record and what is found, where they differ."""
    record, files = ended.record, ended.files
    if not as_written(files.record, record):
        yield "record.json as it was written", "other bytes"
    for key, value in _heading(ended).items():
        if (key in record or record.get("schema", 1) > 1) and record.get(key) != value:
            yield f"{key}: {value}", f"{key}: {record.get(key)}"
    if ended.trained:
        yield from _settings(subject, ended)
        yield from _sessions(record)
        if not set(record["outputs"]) >= _OUTPUTS:
            yield f"outputs {', '.join(sorted(_OUTPUTS))}", ", ".join(record["outputs"]) or "none"
    for name, facts in record["outputs"].items():
        if (other := difference(files.folder / name, facts, subject.sha256)) is not None:
            yield f"{name}: {other[0]}", other[1]
    for path in sorted(files.folder.iterdir()):
        if path.name not in {*record["outputs"], files.record.name}:
            yield "only files that the record names", path.name


def _heading(ended: Ended) -> dict[str, Any]:
    run, cell = ended.run, ended.cell
    names = asdict(cell.key)
    return {"run": run.id, **names, "stage": run.stage, "seed": run.seed, "fold": run.fold}


def _settings(subject: AuditContext, ended: Ended) -> Iterator[tuple[str, str]]:
    run, cell, record = ended.run, ended.cell, ended.record
    if record["configuration_sha256"] != sha256_of_value(record["configuration"]):
        yield "the hash of its configuration", str(record["configuration_sha256"])
    point: Mapping[str, Any] = run.grid_point or {}
    if run.grid_point is None and cell.is_tuned:
        point = read_choice(subject.results, cell, run.seed, run.fold)["grid_point"]
    planned = run_settings(cell, run, point)
    for other in differences(planned, record["configuration"]):
        yield f"configuration.{other.key}: {other.before}", str(other.after)
    if record["code"]["digest"] != cell.settings["code"]:
        yield f"code {cell.settings['code']}, as the plan", str(record["code"]["digest"])


def _sessions(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    sessions = record["sessions"]
    if sessions[-1]["epochs_at_end"] != record["epochs"]:
        yield f"{record['epochs']} epochs at the end of the last session", str(sessions[-1]["epochs_at_end"])
    seconds = fsum(session["seconds"] for session in sessions)
    if not isclose(seconds, record["seconds"], abs_tol=0.002):
        yield f"{record['seconds']} seconds over all sessions", f"{seconds:.3f}"
    times = [datetime.fromisoformat(session["started"]) for session in sessions]
    if sorted(times) != times or datetime.fromisoformat(record["finished"]) < times[-1]:
        yield "sessions one after the other, before the run finished", "another order"
