"""Every record is unchanged, agrees with the plan, and names the files of its run with their hashes."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from math import fsum, isclose
from pathlib import PurePath
from typing import Any

from medattn.audit.context import AuditContext, RecordFile, run_id
from medattn.audit.finding import Finding
from medattn.audit.manifest import as_written, difference
from medattn.audit.obstacles import damaged_file, unreadable, unreadable_file
from medattn.audit.problems import problem
from medattn.errors import UserError
from medattn.files import sha256_of_value
from medattn.layout import RunPaths, is_working_file
from medattn.litter import is_litter
from medattn.plan.differences import differences
from medattn.plan.finished_run import FinishedRun
from medattn.plan.run_settings import run_settings
from medattn.plan.tuning_result import read_choice
from medattn.provenance.records import read_record

_REMEDY = (
    "restore the file from a copy; without one, move the folder of the run out of runs/ and train it again: "
    "`medattn train --plan {plan}`"
)
CLOCK_TOLERANCE = 300
"""Seconds by which the clocks of two machines may differ; well-kept ones differ by milliseconds."""
_TUNE = "restore it from a copy; without one, make it again: `medattn tune --plan {plan}`"
_OUTPUTS = {"history.csv", "scores.safetensors"}


def check_records(context: AuditContext) -> Iterator[Finding]:
    """Compare every record with its own hashes, with the files of the run and, where it can be read, with the plan."""
    for files in _planned(context):
        try:
            read_record(files.record)
        except (UserError, OSError) as error:
            if (cause := unreadable(error)) is not None:
                yield unreadable_file(run_id(files), cause)
            else:
                yield Finding("error", run_id(files), "a record", str(error), _REMEDY)
    for kept in context.records():
        context.examined.update(runs=1, files=1 + len(kept.record["outputs"]))
        yield from _findings(kept.run, _of_record(context, kept))
        for name in kept.record["outputs"]:  # one that cannot be read hides no other
            yield from _findings(kept.run, _of_output(context, kept, name))
        if kept.record["status"] in ("ok", "diverged"):
            yield from _clocks(kept.run, kept.record)
    if not context.unusable_plan:
        yield from _of_plan(context)


def _of_plan(context: AuditContext) -> Iterator[Finding]:
    """Compare the records with the plan; a choice that runs need and that cannot be read is named once."""
    choices: dict[str, UserError] = {}
    for finished in context.finished_runs():
        path = context.results.tuned(finished.cell.group)
        try:
            point = _grid_point(context, finished)
        except UserError as error:
            choices[path.relative_to(context.results.folder).as_posix()] = error
            point = None
        yield from _findings(finished.run.id, _against_plan(finished, point))
    for place, why in choices.items():
        yield damaged_file(Finding("error", place, "the choice that runs were trained with", str(why), _TUNE), why)


def _grid_point(context: AuditContext, finished: FinishedRun) -> Mapping[str, Any]:
    """Return the point of the search grid that a run must have.

    Raises:
        UserError: the choice cannot be read.
    """
    run, cell = finished.run, finished.cell
    if not finished.trained or run.grid_point is not None or not cell.is_tuned:
        return run.grid_point or {}
    point: Mapping[str, Any] = read_choice(context.results, cell, run.seed, run.fold)["grid_point"]
    return point


def _planned(context: AuditContext) -> Iterator[RunPaths]:
    """Yield the runs that have a record: those of the plan or, where it cannot be read, all."""
    if context.unusable_plan:
        yield from context.run_folders()
        return
    for run in context.plan.runs.values():
        if (files := context.results.run(run.folder, run.name)).record.is_file():
            yield files


def _findings(run: str, differences_of_run: Iterator[tuple[str, str]]) -> Iterator[Finding]:
    try:
        for expected, found in differences_of_run:
            yield Finding("error", run, expected, found, _REMEDY)
    except (UserError, KeyError, TypeError, ValueError, AttributeError, OSError) as error:
        if (cause := unreadable(error)) is not None:
            yield unreadable_file(run, cause)
        else:
            yield Finding("error", run, "a complete record", problem(error), _REMEDY)


def _of_record(context: AuditContext, kept: RecordFile) -> Iterator[tuple[str, str]]:
    """Yield each expected and found fact that differ, by the record and the files of the run alone."""
    record, files = kept.record, kept.files
    if not as_written(files.record, record):
        yield "record.json as it was written", "other bytes"
    if record.get("run", kept.run) != kept.run:
        yield f"run: {kept.run}", f"run: {record['run']}"
    if record["status"] in ("ok", "diverged"):
        if record["configuration_sha256"] != sha256_of_value(record["configuration"]):
            yield "the hash of its configuration", str(record["configuration_sha256"])
        yield from _sessions(record)
        if not set(record["outputs"]) >= _OUTPUTS:
            yield f"outputs {', '.join(sorted(_OUTPUTS))}", ", ".join(record["outputs"]) or "none"
    for path in sorted(files.folder.iterdir()):
        if path.name in {*record["outputs"], files.record.name} or is_litter(PurePath(path.name)):
            continue
        if not is_working_file(path.name):  # the next start of the pack removes those that a killed process left
            yield "only files that the record names", path.name


def _of_output(context: AuditContext, kept: RecordFile, name: str) -> Iterator[tuple[str, str]]:
    """Yield size or hash of a file that the record names, if the file has others."""
    if (other := difference(kept.files.folder / name, kept.record["outputs"][name], context.sha256)) is not None:
        yield f"{name}: {other[0]}", other[1]


def _against_plan(finished: FinishedRun, point: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """Yield each fact that the plan expects of a record and the found one, where they differ."""
    record = finished.record
    for key, value in _heading(finished).items():
        if (key in record or record.get("schema", 1) > 1) and record.get(key) != value:
            yield f"{key}: {value}", f"{key}: {record.get(key)}"
    if finished.trained and point is not None:
        yield from _settings(finished, point)


def _heading(finished: FinishedRun) -> dict[str, Any]:
    run, cell = finished.run, finished.cell
    # A run in the folder of another cell was trained for that one, which has equal settings.
    keys = ("paper", "experiment", "dataset", "backbone", "arm") if run.kept_in is None else ("dataset",)
    names = {key: getattr(cell, key) for key in keys}
    return {"run": run.id, **names, "stage": run.stage, "seed": run.seed, "fold": run.fold}


def _settings(finished: FinishedRun, point: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    run, cell, record = finished.run, finished.cell, finished.record
    planned = run_settings(cell, run, point)
    for other in differences(planned, record["configuration"]):
        yield f"configuration.{other.key}: {other.before}", str(other.after)
    if record["code"]["digest"] != cell.settings.code_digest:
        yield f"code {cell.settings.code_digest}, as in the plan", str(record["code"]["digest"])


def _sessions(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    sessions = record["sessions"]
    if sessions[-1]["epochs_at_end"] != record["epochs"]:
        yield f"{record['epochs']} epochs at the end of the last session", str(sessions[-1]["epochs_at_end"])
    seconds = fsum(session["seconds"] for session in sessions)
    if not isclose(seconds, record["seconds"], abs_tol=0.002):
        yield f"{record['seconds']} s over all sessions", f"{seconds:.3f} s"


def _clocks(run: str, record: Mapping[str, Any]) -> Iterator[Finding]:
    """Report times out of order, which the clocks of two machines can cause."""
    try:
        times = [datetime.fromisoformat(session["started"]) for session in record["sessions"]]
        times.append(datetime.fromisoformat(record["finished"]))
        back = max((before - after).total_seconds() for before, after in pairwise(times))
    except (KeyError, TypeError, ValueError) as error:
        yield Finding("error", run, "times of its sessions and its end", problem(error), _REMEDY)
        return
    if back > 0:
        expected = f"sessions in order of time; clocks of machines may differ by {CLOCK_TOLERANCE} s"
        found = f"a time {back:.0f} s before the one that it follows"
        if back <= CLOCK_TOLERANCE:
            yield Finding("info", run, expected, found)
        else:
            remedy = "compare the clocks of the machines that trained the run; results do not depend on them"
            yield Finding("warning", run, expected, found, remedy)
