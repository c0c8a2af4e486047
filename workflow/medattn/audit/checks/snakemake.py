"""Snakemake's metadata: every job that made a file finished and read this plan."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.obstacles import damaged_file
from medattn.audit.problems import problem
from medattn.errors import UserError
from medattn.files import read_json
from medattn.layout import ResultPaths
from medattn.plan.tuning_result import tuned_cells

_METADATA = ".snakemake/metadata"  # in the project
_LONGEST = 255  # bytes of a file name


def check_snakemake(context: AuditContext) -> Iterator[Finding]:
    """Read .snakemake/metadata in the working directory. Files made without Snakemake have none, which is no error."""
    metadata = context.at_root(_METADATA)
    if not context.project.is_own:
        yield Finding("info", _METADATA, "results in the folder where Snakemake wrote them", "a copy of them")
        return
    selection = context.configuration.selection
    planned = ResultPaths(Path(selection.results) / selection.selection)
    if not metadata.is_dir():
        yield Finding("info", _METADATA, "metadata of Snakemake", "none: made without Snakemake or on another machine")
        return
    by_hand = []
    for name in _outputs(context):
        path = _metadata_file(metadata, str(planned.folder / name))
        if not path.is_file():
            by_hand.append(name)
            continue
        context.examined.update(jobs=1)
        try:
            yield from _findings_of_job(name, read_json(path), str(planned.plan))
        except (UserError, KeyError, TypeError, ValueError) as error:
            found = problem(error)
            yield damaged_file(Finding("warning", name, "readable metadata of Snakemake", found), error)
    if by_hand:
        found = f"none for {len(by_hand)} files, such as {by_hand[0]}: made without Snakemake or on another machine"
        yield Finding("info", _METADATA, "metadata of Snakemake", found)


def _outputs(context: AuditContext) -> Iterator[str]:
    """Yield the existing files that the jobs of training, tuning, measuring and comparing make."""
    results = context.results
    groups = {cell.group for cell in tuned_cells(context.plan, results)}
    paths = [
        *(results.pack(pack) for pack in context.plan.packs),
        *(results.tuned(group) for group in sorted(groups)),
    ]
    for path in [*paths, results.measurements, results.comparisons]:
        if path.is_file():
            yield path.relative_to(results.folder).as_posix()


def _findings_of_job(name: str, job: dict[str, Any], plan: str) -> Iterator[Finding]:
    again = "run the workflow again, which finishes or repeats the job"
    if job["incomplete"]:
        yield Finding("warning", name, "a finished job", "an unfinished job", again)
    elif job["starttime"] > job["endtime"]:
        yield Finding("warning", name, "an end after the start", "an end before the start", again)
    if repr(plan) not in job["params"]:
        yield Finding("warning", name, f"a job with the plan {plan}", f"a job with {job['params']}", again)


def _metadata_file(metadata: Path, output: str) -> Path:
    """Return the path of Snakemake's metadata of an output: its name in base 64, split into folders if long."""
    rest, folder = base64.b64encode(output.encode()).decode(), metadata
    while len(rest) > _LONGEST:
        folder, rest = folder / f"@{rest[: _LONGEST - 1]}", rest[_LONGEST - 1 :]
    return folder / rest
