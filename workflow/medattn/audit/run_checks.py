"""Run the checks of an audit. A check that fails becomes a finding, and the other checks still run."""

from collections.abc import Iterator, Sequence
from contextlib import chdir
from dataclasses import dataclass, replace

from medattn.audit.advice import advised
from medattn.audit.consequences import RESTORE, changed_cause
from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding, Outcome, outcome_of
from medattn.audit.obstacles import (
    absent_mechanisms,
    absent_papers,
    other_papers,
    other_version,
    own_code_refused,
    unreadable,
    unreadable_file,
)
from medattn.audit.problems import problem
from medattn.audit.registry import CHECKS, WITH_PAPERS, WITHOUT_PLAN
from medattn.audit.unusable_plan import unusable_plan
from medattn.errors import UserError
from medattn.own_code import refusing_own_code

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
    if context.unusable_plan:
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
        context.check = name
        context.examined.clear()
        with chdir(context.root), refusing_own_code(not context.may_run_own_code):
            found = _findings(context, name, name in able)
            findings = tuple(advised(context, replace(finding, check=name)) for finding in found)
        yield AuditCheck(name, name in able, _counted(context), findings)


def _findings(context: AuditContext, name: str, is_able: bool) -> list[Finding]:
    if not is_able:
        if context.unusable_plan:
            return [unusable_plan(context, name)]
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
    if name == "records" and context.unusable_plan:
        found.append(unusable_plan(context, "records (their agreement with the plan)"))
    return found


def _failure(context: AuditContext, name: str, error: BaseException) -> Finding:
    """Return the finding for a check that ended with an exception."""
    if (cause := unreadable(error)) is not None:
        return unreadable_file(str(context.shown), cause)
    if (refused := own_code_refused(f"check of {name}", _EXPECTED, error)) is not None:
        return refused
    found = problem(error)
    if context.changed:
        # What other papers or another version would explain can follow from these files as well.
        return Finding("error", f"check of {name}", _EXPECTED, found, RESTORE, cause=changed_cause(context))
    if isinstance(error, UserError) and not context.damaged_plan and context.absent_mechanisms:
        return absent_mechanisms(context, f"check of {name}", _EXPECTED, found)
    if name in WITH_PAPERS and not context.damaged_plan and isinstance(error, UserError):
        if context.may_have_other_papers:
            return other_papers(context, f"check of {name}", _EXPECTED, found)
        if context.other_software.medattn:
            return other_version(context, f"check of {name}", _EXPECTED, found)
    return Finding("error", f"check of {name}", _EXPECTED, found)


def _counted(context: AuditContext) -> str:
    """Return what a check has looked at as text, such as "9 runs, 31 files"."""
    counts = [(count, kind) for kind, count in context.examined.items() if count or _is_share(kind)]
    return ", ".join(f"{count} {_singular(kind) if count == 1 else kind}" for count, kind in counts)


def _is_share(kind: str) -> bool:
    """Return whether a kind of things is a number of them, as in "23 of 63 files"."""
    return kind.startswith("of ")


def _singular(kind: str) -> str:
    """Return "file of papers" for "files of papers", and "run" for "runs"."""
    if _is_share(kind):
        return kind
    what, of, whose = kind.partition(" of ")
    return f"{what.removesuffix('s')}{of}{whose}"
