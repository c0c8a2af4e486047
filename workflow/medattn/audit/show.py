"""Result of an audit as text, grouped by cause, and as JSON."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from medattn.audit.anchors import FEWEST_DIGITS
from medattn.audit.context import AuditContext
from medattn.audit.earlier_audit import contradiction
from medattn.audit.finding import Finding, Outcome, outcome_of
from medattn.audit.registry import CHECKS
from medattn.audit.run_checks import AuditCheck
from medattn.errors import UserError
from medattn.files import sha256_of_value
from medattn.provenance.checkout import git_state
from medattn.provenance.code import CODE_FOLDER
from medattn.report.finding_groups import FindingGroup, group_findings, printable
from medattn.version import __version__

SCHEMA = 4
_MOST_GROUPS = 6
_HEADS = {"error": "does not hold", "warning": "does not hold", "unchecked": "could not be checked"}


@dataclass(frozen=True)
class Audit:
    """Result of an audit.

    Attributes:
        context: the results folder.
        checks: the results of the checks that were asked for.
        replayed: findings of the replay; None if no run was replayed.
        replay: seed and runs of the replay.
    """

    context: AuditContext
    checks: Sequence[AuditCheck]
    replayed: Sequence[Finding] | None = None
    replay: Mapping[str, Any] | None = None

    @property
    def findings(self) -> list[Finding]:
        """All findings, check by check, then those of the replay."""
        return [*(finding for check in self.checks for finding in check.findings), *(self.replayed or [])]

    @property
    def outcome(self) -> Outcome:
        """Outcome of the checks that ran and of the replay; that nothing was there to check is no "holds"."""
        outcome = outcome_of(self.findings)
        return "could not be checked" if outcome == "holds" and self.is_empty else outcome

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to check."""
        replayed = self.replay is not None and self.replay["runs"]
        return not replayed and not any(check.examined for check in self.checks)

    @property
    def groups(self) -> list[FindingGroup]:
        """The findings by cause, most severe first."""
        return group_findings(asdict(finding) for finding in self.findings)


def audit_lines(audit: Audit, every: bool, info: bool) -> Iterator[str]:
    """Yield the audit as text, at most 20 lines unless asked for more.

    Args:
        audit: the audit.
        every: a line for every finding, instead of the groups.
        info: also what needs no action.
    """
    wanted = [group for group in audit.groups if info or group.severity != "info"]
    if every:
        yield from (finding_line(finding) for finding in audit.findings if info or finding.severity != "info")
    else:
        yield from _group_lines(wanted)
    yield from _check_lines(audit)
    if said := contradiction(audit.context, audit.checks):
        yield printable(said)
    yield summary_line(audit)


def finding_line(finding: Finding) -> str:
    """Return a finding as one line."""
    action = f"; {finding.command or finding.remedy}" if finding.command or finding.remedy else ""
    text = f"{finding.severity}: {finding.check}: {finding.place}: expected {finding.expected}, found {finding.found}"
    return printable(text + action)


def summary_line(audit: Audit) -> str:
    """Return the audit as one line: outcome, number of checks and runs, root hash."""
    context = audit.context
    root = root_of(context)
    is_other = any(f.check == "seal" and f.severity == "error" and f.place != "audit.json" for f in audit.findings)
    sealed = f"; {'changed since it was ' if is_other else ''}sealed as {root[:FEWEST_DIGITS]}" if root else ""
    held = [check for check in audit.checks if check.outcome == "holds"]
    nothing = sum(not check.examined for check in held)
    scope = f"{len(held) - nothing} of {len(audit.checks) - nothing} checks hold, {_runs(context)} runs"
    counts = Counter(group.severity for group in audit.groups)
    match audit.outcome:
        case "holds":
            asked = "" if len(audit.checks) == len(CHECKS) else ", of what was asked for"
            text = f"audited, all holds{asked} ({scope})"
        case "could not be checked" if not counts["unchecked"]:
            text = "audited, but there was nothing to check"
        case "could not be checked":
            parts = _count(counts["unchecked"], "cause")
            text = f"audited, nothing wrong, but not everything could be checked: {parts} ({scope})"
        case "does not hold":
            parts = ", ".join(_count(counts[key], key) for key in ("error", "warning") if counts[key])
            unchecked = "; not everything could be checked" if counts["unchecked"] else ""
            text = f"audited, not all holds: {parts}{unchecked} ({scope})"
    return printable(f"{context.shown}: {text}{sealed}")


def _group_lines(groups: Sequence[FindingGroup]) -> Iterator[str]:
    shown = groups if len(groups) <= _MOST_GROUPS + 1 else groups[:_MOST_GROUPS]
    for group in shown:
        yield f"{_HEADS.get(group.severity, 'no action needed')}: {group.title}"
        if group.action:
            yield f"    {group.action}"
    if len(groups) > len(shown):
        yield f"and {len(groups) - len(shown)} more causes: --all lists every finding"


def _check_lines(audit: Audit) -> Iterator[str]:
    """Yield which checks hold, with what they looked at, and which had nothing to look at or did not run."""
    held = [check for check in audit.checks if check.outcome == "holds"]
    partly = [check for check in audit.checks if check.outcome == "could not be checked"]
    for head, checks in (("holds", held), ("holds, as far as it could be checked", partly)):
        if examined := [f"{check.name} {check.examined}" for check in checks if check.examined]:
            yield f"{head}: {'; '.join(examined)}"
    if nothing := [check.name for check in held if not check.examined]:
        yield f"nothing to check: {', '.join(nothing)}"
    ran = [check.name for check in audit.checks if check.ran]
    if not_run := [name for name in CHECKS if name not in ran]:
        yield f"did not run: {', '.join(not_run)}"
    if audit.replay is not None:
        drawn = audit.replay
        again = f"{len(drawn['runs'])} of {drawn['candidates']} runs, {drawn['identical']} of them identical"
        yield f"replayed: {again}; to draw the same runs: --replay {drawn['asked']} --seed {drawn['seed']}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def audit_value(audit: Audit) -> dict[str, Any]:
    """Return the content of audit.json.

    The same folder, software and images give the same content, except for the time and what was replaced.
    """
    counts, by_name = Counter(finding.severity for finding in audit.findings), {c.name: c for c in audit.checks}
    value: dict[str, Any] = {
        "schema": SCHEMA,
        "folder": audit.context.results.folder.name,
        "root": root_of(audit.context),
        "audited": datetime.now(UTC).isoformat(timespec="seconds"),
        "medattn": __version__,
        "code": git_state(CODE_FOLDER),
        "outcome": audit.outcome,
        "holds": audit.outcome == "holds",
        "runs": _runs(audit.context),
        "counts": {severity: counts[severity] for severity in ("error", "warning", "unchecked", "info")},
        "checks": {name: _check_value(name, by_name.get(name)) for name in CHECKS},
        "groups": [
            {
                "severity": group.severity,
                "checks": list(group.checks),
                "cause": group.cause,
                "count": len(group.places),
                "examples": list(group.examples),
                "remedy": group.remedy,
                "command": group.command,
            }
            for group in audit.groups
        ],
        "findings": [asdict(finding) for finding in audit.findings],
        **({"earlier_audit": said} if (said := contradiction(audit.context, audit.checks)) else {}),
        **({"replay": dict(audit.replay)} if audit.replay is not None else {}),
    }
    return {**value, "self_sha256": sha256_of_value(value)}


def _check_value(name: str, result: AuditCheck | None) -> dict[str, Any]:
    return {
        "what": _what(name),
        "ran": result is not None and result.ran,
        "outcome": "not asked for" if result is None else result.outcome,
        "examined": "" if result is None else result.examined,
        "findings": 0 if result is None else len(result.findings),
    }


def root_of(context: AuditContext) -> str:
    """Return the root hash of the seal; empty where the folder is not sealed or the seal was changed."""
    return str(context.sealed.get("root", ""))


def _runs(context: AuditContext) -> int:
    try:
        return len(context.records())
    except (UserError, OSError):
        return 0


def _what(name: str) -> str:
    module = __import__(CHECKS[name].__module__, fromlist=["__doc__"])
    return str(module.__doc__).strip()
