"""Run the checks of an audit. A check that fails becomes a finding, and the other checks still run."""

from collections.abc import Iterator, Sequence
from contextlib import chdir
from dataclasses import dataclass, replace

from medattn.audit.advice import advised
from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding, Outcome, outcome_of
from medattn.audit.obstacles import (
    CHANGED,
    RESTORE,
    absent_mechanisms,
    absent_papers,
    checkout,
    disproved,
    other_papers,
    other_version,
    unreadable,
    unreadable_file,
)
from medattn.audit.registry import CHECKS, WITH_PAPERS, WITHOUT_PLAN
from medattn.errors import UserError
from medattn.plan.plan_file import SCHEMA

_EXPECTED = "files that can be checked"


@dataclass(frozen=True)
class AuditCheck:
    """Result of one check.

    Attributes:
        name: name of the check.
        ran: whether it could run at all.
        examined: what it looked at, such as "354 files"; empty if there was nothing to look at.
        findings: what it found.
    """

    name: str
    ran: bool
    examined: str
    findings: tuple[Finding, ...]

    @property
    def outcome(self) -> Outcome:
        """Outcome of this check alone."""
        outcome = outcome_of(self.findings)
        return outcome if self.ran or outcome == "does not hold" else "could not be checked"


def checks_to_run(context: AuditContext, names: Sequence[str] | None = None) -> list[str]:
    """Return the checks that can run on a folder: without its papers or a readable plan, those that need none."""
    asked = CHECKS if names is None else [name for name in CHECKS if name in names]
    if context.other_plan_schema is not None:
        return [name for name in asked if name in WITHOUT_PLAN]
    return [name for name in asked if not (context.project.absent and name in WITH_PAPERS)]


def run_checks(context: AuditContext, names: Sequence[str] | None = None) -> Iterator[Finding]:
    """Yield the findings, check by check. The checks run as the findings are consumed.

    Args:
        context: the results folder.
        names: names of the checks; None for all.
    """
    for result in check_results(context, names):
        yield from result.findings


def check_results(context: AuditContext, names: Sequence[str] | None = None) -> Iterator[AuditCheck]:
    """Yield the result of each check that was asked for, in the order of the registry; arguments as in `run_checks`."""
    able = checks_to_run(context, names)
    for name in CHECKS if names is None else [name for name in CHECKS if name in names]:
        context.examined.clear()
        with chdir(context.root):
            found = _findings(context, name, name in able)
            findings = tuple(advised(context, replace(finding, check=name)) for finding in found)
        yield AuditCheck(name, name in able, _counted(context), findings)


def _findings(context: AuditContext, name: str, is_able: bool) -> list[Finding]:
    if not is_able:
        if context.other_plan_schema is not None:
            return [_unreadable_plan(context, name)]
        return list(absent_papers(context))
    found: list[Finding] = []
    try:
        for finding in CHECKS[name](context):
            found.append(finding)  # noqa: PERF402 (what was found before an exception stays)
    except (
        Exception,
        SystemExit,
    ) as error:  # damaged files raise many types; none may hide other findings
        found.append(_failure(context, name, error))
    if name == "records" and context.other_plan_schema is not None:
        found.append(_unreadable_plan(context, "records (their agreement with the plan)"))
    return found


def _failure(context: AuditContext, name: str, error: BaseException) -> Finding:
    """Return the finding for a check that ended with an exception."""
    if (cause := unreadable(error)) is not None:
        return unreadable_file(str(context.shown), cause)
    text = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
    found = " ".join(text.split())
    if changed := context.changed_files():
        # What other papers or another version would explain can follow from these files as well.
        more = f" and {len(changed) - 1} more files" if len(changed) > 1 else ""
        return Finding("error", str(context.shown), _EXPECTED, f"{found}; {changed[0]}{more} {CHANGED}", RESTORE)
    if isinstance(error, UserError) and not context.damaged_plan and context.absent_mechanisms:
        return absent_mechanisms(context, f"check of {name}", _EXPECTED, found)
    if name in WITH_PAPERS and not context.damaged_plan and isinstance(error, UserError):
        if context.may_have_other_papers:
            return other_papers(context, f"check of {name}", _EXPECTED, found)
        if context.other_software.medattn:
            return other_version(context, f"check of {name}", _EXPECTED, found)
    return Finding("error", str(context.shown), _EXPECTED, found)


def _unreadable_plan(context: AuditContext, part: str) -> Finding:
    """Say that a check cannot run because another version of medattn wrote the plan, and which version can run it."""
    schema, command = context.other_plan_schema, checkout(context)
    found = f"schema {schema} of another version of medattn; not checked for {len(context.records())} runs: {part}"
    cause = f"another version of medattn wrote plan.json (schema {schema}; this version reads schema {SCHEMA})"
    expected = f"a plan that this version can read (schema {SCHEMA})"
    if (wrong := disproved(context, Finding("error", part, expected, found), "plan.json")) is not None:
        return replace(wrong, cause=f"plan.json was {CHANGED}")
    return Finding("unchecked", part, expected, found, command[1], cause=cause, command=command[0])


def _counted(context: AuditContext) -> str:
    """Return what a check has looked at as text, such as "9 runs, 31 files"."""
    counts = [(count, kind) for kind, count in context.examined.items() if count]
    return ", ".join(f"{count} {_singular(kind) if count == 1 else kind}" for count, kind in counts)


def _singular(kind: str) -> str:
    """Return "file of papers" for "files of papers", and "run" for "runs"."""
    what, of, whose = kind.partition(" of ")
    return f"{what.removesuffix('s')}{of}{whose}"
