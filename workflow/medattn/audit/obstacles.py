"""What keeps an audit from looking: absent images, weights, papers or software, and unreadable files.

Each becomes a finding with the severity `unchecked`, the same cause for all checks, and the command that removes it.
"""

import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medattn.audit.commit_commands import checkout_command, repository
from medattn.audit.consequences import CHANGED, RESTORE, follows_from_change
from medattn.audit.finding import Finding
from medattn.config.load import registered_datasets
from medattn.datasets.store import IMAGES, MANIFEST, check_store
from medattn.errors import UserError
from medattn.file_errors import unreadable as unreadable
from medattn.files import read_json
from medattn.own_code import OwnCodeRefusedError
from medattn.plan.availability import prepared_path
from medattn.provenance.code import CODE_FOLDER, reader_modules

if TYPE_CHECKING:
    from medattn.audit.context import AuditContext

_AGAIN = "then audit again"


def unreadable_file(place: str, error: OSError) -> Finding:
    """Return the finding for a file that this user cannot read, or that the file system does not give."""
    path = error.filename if isinstance(error.filename, str) else place
    found = f"{path}: {error.strerror or error}"
    cause = f"files that could not be read ({error.strerror or error})"
    remedy = f"make the files readable for this user, or audit as a user who may read them, {_AGAIN}"
    return Finding("unchecked", place, "a file that can be read", found, remedy, cause=cause)


def damaged_file(finding: Finding, error: BaseException) -> Finding:
    """Return a finding about a damaged file or, where the file could not be read at all, that it could not be."""
    cause = unreadable(error)
    return finding if cause is None else unreadable_file(finding.place, cause)


def lost_manifest(context: "AuditContext") -> Finding:
    """Return the finding for a folder with a history of seals and without the last of them."""
    name, seals = context.results.manifest.name, context.results.seals.name
    cause = f"{name} is gone, although {seals} has the history of its seals"
    remedy = "restore it from a copy, or write it again: `medattn audit {folder} --seal`"
    return Finding("error", name, "the last seal", "no such file", remedy, cause=cause)


def absent_images(context: "AuditContext", prepared: str, found: str) -> Finding:
    """Return the finding for a prepared data set that is not on this machine.

    Args:
        context: the results folder.
        prepared: folder of the data set, as the plan or the seal names it.
        found: what was not checked without it.
    """
    remedy = f"fetch the data set, {_AGAIN}"
    command = "" if context.project.absent else _fetch_command(context, prepared)
    return Finding("unchecked", prepared, "a prepared data set", found, remedy, cause=_IMAGES, command=command)


def damaged_images(place: str, prepared: str, error: BaseException) -> Finding:
    """Return the finding for what was not checked since prepared images are damaged, which the check of data reports.

    Args:
        place: what was not checked.
        prepared: folder of the data set.
        error: why they could not be read.
    """
    if (cause := unreadable(error)) is not None:
        return unreadable_file(prepared, cause)
    return Finding("unchecked", place, "images", f"not checked: {error}", cause="the prepared images are damaged")


_IMAGES = "the prepared images are not on this machine"


def absent_weights(context: "AuditContext", run: str, expected: str, model: str, path: str) -> Finding:
    """Return the finding for ImageNet weights that are not on this machine."""
    cause, found = f"the ImageNet weights of {model} are not on this machine", f"no such file on this machine: {path}"
    command = in_project(context, f"medattn fetch --weights {shlex.quote(model)} --plan {plan_argument(context)}")
    return Finding("unchecked", run, expected, found, f"fetch the weights, {_AGAIN}", cause=cause, command=command)


def absent_mechanisms(context: "AuditContext", place: str, expected: str, found: str) -> Finding:
    """Return the finding for something that needs mechanisms of the user that are not on this machine."""
    cause = f"own mechanisms of the plan are not on this machine: {', '.join(context.absent_mechanisms)}"
    remedy = f"put their modules into the project or on PYTHONPATH, {_AGAIN}"
    return Finding("unchecked", place, expected, found, remedy, cause=cause)


def own_code_refused(place: str, expected: str, error: BaseException | None) -> Finding | None:
    """Return the finding for what needs own code that was not run, or None where no error says so."""
    while error is not None and not isinstance(error, OwnCodeRefusedError):
        error = error.__cause__
    return None if error is None else own_code_not_run(place, expected, str(error))


def own_code_not_run(place: str, expected: str, found: str) -> Finding:
    """Return the finding for what needs own code of a project that is not that of the working directory."""
    cause = "the project's own Python code was not run, since it is not the working directory's"
    remedy = "read this code first; if you trust it, audit with --run-own-code"
    command = "medattn audit {folder} --run-own-code"
    return Finding("unchecked", place, expected, found, remedy, cause=cause, command=command)


def prepared_otherwise(context: "AuditContext", prepared: str, finding: Finding) -> Finding:
    """Return a finding about prepared images; other libraries than the seal names may have written other bytes.

    Where the images are the sealed ones, the manifest may have been written by this code, or by another version.

    Args:
        context: the results folder.
        prepared: folder of the data set.
        finding: what differs.
    """
    made = context.sealed.get("made_with")
    before: Mapping[str, str] = (made.get("libraries") if isinstance(made, Mapping) else None) or {}
    folder = context.at_root(prepared)
    try:
        # A manifest that was changed, or images that it does not describe, are no work of other libraries.
        manifest = check_store(folder, verify=False) if (folder / IMAGES).is_file() else read_json(folder / MANIFEST)
        if (folder / IMAGES).is_file() and context.sha256(folder / IMAGES) != manifest["files"][IMAGES]["sha256"]:
            return finding
        here = manifest["libraries"]
        others = [f"{name} {before[name]} (here {here[name]})" for name in sorted(here) if here[name] != before[name]]
    except (UserError, OSError, KeyError, TypeError):
        return finding
    if not others:
        sealed = context.sealed.get("data", {}).get(f"{prepared}/{IMAGES}", {}).get("sha256")
        if sealed != manifest["files"][IMAGES]["sha256"]:
            return finding
        if (folder / IMAGES).is_file() and _is_by_this_code(manifest):
            remedy = "nothing to do: this code prepared them here, and the images are the sealed ones"
            return Finding("info", finding.place, finding.expected, finding.found, remedy)
        if context.other_software.medattn:
            return other_code(context, finding.place, finding.expected, finding.found)
        return finding
    cause = f"images prepared here with other libraries than the sealed ones: {', '.join(others)}"
    remedy = f"prepare them with the libraries that made the results (envs/), {_AGAIN}"
    return Finding("unchecked", finding.place, finding.expected, finding.found, remedy, cause=cause)


def _is_by_this_code(manifest: Mapping[str, Any]) -> bool:
    """Return whether the code that audits wrote a manifest of prepared images, as it says."""
    try:
        modules = reader_modules(manifest["entry"]["source"]["kind"])
    except (KeyError, TypeError, UserError):
        return False
    return bool(manifest.get("code") == {name: sha256[:12] for name, sha256 in modules.items()})


def absent_papers(context: "AuditContext") -> Iterator[Finding]:
    """Yield a finding for each paper of the selection that is not here."""
    for paper in context.project.absent:
        remedy = (
            "get papers/ from the authors, and name the folder that has it: `medattn audit {folder} --root PROJECT`"
        )
        yield Finding(
            "unchecked", f"papers/{paper}", "the paper of the plan", f"none in {context.root}", remedy,
            cause="papers of the plan are not on this machine",
        )  # fmt: skip


def other_papers(context: "AuditContext", place: str, expected: str, found: str) -> Finding:
    """Return the finding for a difference that other papers than those of the results explain."""
    names = ", ".join(context.other_papers) or "papers/ (the seal does not name its files)"
    of_user = any(not name.startswith("papers/") for name in context.other_papers)
    what = "papers or files of your own" if of_user else "papers"
    top = repository(CODE_FOLDER)
    command = checkout(context)[0] if top is not None and context.root.is_relative_to(top) else ""
    remedy = f"restore the {what} that the results follow from, {_AGAIN}"
    return Finding(
        "unchecked", place, expected, found, remedy,
        cause=f"other {what} here than the results follow from: {names}", command=command,
    )  # fmt: skip


def other_version(context: "AuditContext", place: str, expected: str, found: str) -> Finding:
    """Return the finding for a difference that another version of medattn or of a library explains."""
    software = context.other_software
    if software.medattn:
        return other_code(context, place, expected, found)
    names = ", ".join(software.libraries)
    remedy = f"install the libraries that made the results (envs/), {_AGAIN}"
    cause = f"made with other libraries than the installed ones: {names}"
    return Finding("unchecked", place, expected, found, remedy, cause=cause)


def other_code(context: "AuditContext", place: str, expected: str, found: str) -> Finding:
    """Return the finding for something that only the code that made the results can check."""
    command, remedy = checkout(context)
    cause = "made by another version of medattn than the installed one"
    return Finding("unchecked", place, expected, found, remedy, cause=cause, command=command)


def explained(context: "AuditContext", finding: Finding, *, drawn: bool = False, file: str | None = None) -> Finding:
    """Return a finding about something recomputed; it is no sign of a change where other inputs explain it.

    Args:
        context: the results folder.
        finding: a difference between what the folder has and what was recomputed.
        drawn: whether a library draws or formats the file, so that another version of it explains a difference, too.
        file: file of the folder that it is about; None: the place of the finding. Nothing explains a file that was
            changed since it was sealed.
    """
    if finding.severity not in ("error", "warning"):
        return finding
    software, facts = context.other_software, (finding.place, finding.expected, finding.found)
    if context.may_have_other_papers:
        explanation = other_papers(context, *facts)
    elif software.medattn or (drawn and software.libraries):
        explanation = other_version(context, *facts)
    else:
        return finding
    if (wrong := disproved(context, finding, file or finding.place)) is not None:
        return wrong
    return finding if follows_from_change(context, replace(finding, check=context.check)) else explanation


def disproved(context: "AuditContext", finding: Finding, file: str) -> Finding | None:
    """Return a finding as an error if its file was changed since it was sealed; else None."""
    other = context.seal_difference(file)
    if other is None:
        return None
    found = f"{CHANGED} ({other[0]}; found {other[1]}); {finding.found}"
    return Finding("error", finding.place, finding.expected, found, RESTORE)


def checkout(context: "AuditContext") -> tuple[str, str]:
    """Return the command that gives the code that made the results, and a sentence; the command may be empty."""
    commit = context.commit
    if not commit:
        return "", f"audit with the version of medattn that made the results ({context.shown} names no commit)"
    command = checkout_command(CODE_FOLDER, commit, context.started_in, context.results.folder)
    return command, f"get commit {commit} of medattn from the authors, and audit the folder with it"


def _fetch_command(context: "AuditContext", prepared: str) -> str:
    """Return the command that fetches all data sets of the plan that are absent, with the version that can read it."""
    if context.unusable_plan:
        return _fetch_command_without_plan(context)
    if not _is_writable(context.root / context.configuration.selection.data):
        return ""
    names = " ".join(map(shlex.quote, context.absent_datasets()))
    return in_project(context, f"medattn fetch {names} --plan {plan_argument(context)}")


def _fetch_command_without_plan(context: "AuditContext") -> str:
    """Return the command that fetches the sealed data sets that are absent; empty unless it gives all of them."""
    names, data = [], Path("data")
    for folder in sorted({Path(name).parent for name in context.sealed.get("data", {})}):
        if context.has_images(folder.as_posix()):
            continue
        name = folder.name.rpartition("-")[0]
        entry = registered_datasets().get(name)
        if entry is None or folder != prepared_path(name, entry, data):
            return ""
        names.append(name)
    return in_project(context, f"medattn fetch {' '.join(names)}") if _is_writable(context.root / data) else ""


def _is_writable(folder: Path) -> bool:
    """Return whether this user can write files into a folder, which need not exist."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return os.access(there, os.W_OK)


def plan_argument(context: "AuditContext") -> str:
    """Return the path of the plan as an argument of a command that is typed in the project."""
    return shlex.quote(context.path_from_root(context.results.plan))


def in_project(context: "AuditContext", command: str) -> str:
    """Return a command to type in the working directory, which may be another one than the project's."""
    if context.started_in == context.root:
        return command
    return f"cd {shlex.quote(str(context.root))} && {command}"
