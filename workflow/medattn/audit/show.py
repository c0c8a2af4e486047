"""Findings of an audit as text and as JSON."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding, outcome_of
from medattn.audit.registry import CHECKS
from medattn.audit.run_checks import checks_to_run
from medattn.errors import UserError
from medattn.files import read_json, sha256_of_value

SCHEMA = 2


def finding_line(finding: Finding) -> str:
    """Return a finding as one line."""
    remedy = f"; {finding.remedy}" if finding.remedy else ""
    text = f"{finding.severity}: {finding.check}: {finding.place}: expected {finding.expected}, found {finding.found}"
    return " ".join(f"{text}{remedy}".split())


def summary_line(context: AuditContext, findings: Sequence[Finding]) -> str:
    """Return the audit as one line: outcome, number of checks and runs, root hash."""
    folder, root = context.results.folder, root_of(context)
    sealed = f"; sealed as {root[:16]}" if root else ""
    scope = f"{len(checks_to_run(context))} of {len(CHECKS)} checks, {_runs(context)} runs"
    counts = Counter(finding.severity for finding in findings)
    match outcome_of(findings):
        case "holds":
            return f"{folder}: audited, all holds ({scope}){sealed}"
        case "not fully checked":
            unchecked = _count(counts["unchecked"], "finding")
            return (
                f"{folder}: audited, nothing wrong, but not everything could be checked: {unchecked} ({scope}){sealed}"
            )
        case "does not hold":
            parts = [_count(counts[key], key) for key in ("error", "warning") if counts[key]]
            parts += [f"{counts['unchecked']} unchecked"] if counts["unchecked"] else []
            return f"{folder}: audited, not all holds: {', '.join(parts)}{sealed}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def audit_value(context: AuditContext, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the content of audit.json; the same folder gives the same bytes."""
    counts, ran = Counter(finding.severity for finding in findings), checks_to_run(context)
    value: dict[str, Any] = {
        "schema": SCHEMA,
        "folder": context.results.folder.name,
        "root": root_of(context),
        "outcome": outcome_of(findings),
        "holds": outcome_of(findings) == "holds",
        "runs": _runs(context),
        "counts": {severity: counts[severity] for severity in ("error", "warning", "unchecked", "info")},
        "checks": {
            name: {
                "what": _what(name),
                "ran": name in ran,
                "findings": sum(finding.check == name for finding in findings),
            }
            for name in CHECKS
        },
        "findings": [asdict(finding) for finding in findings],
    }
    return {**value, "self_sha256": sha256_of_value(value)}


def root_of(context: AuditContext) -> str:
    """Return the root hash of the seal; empty where the folder is not sealed."""
    try:
        value = read_json(context.results.manifest)
        return str(value["root"])
    except (UserError, KeyError, TypeError):
        return ""


def _runs(context: AuditContext) -> int:
    try:
        return len(context.records())
    except UserError:
        return 0


def _what(name: str) -> str:
    module = __import__(CHECKS[name].__module__, fromlist=["__doc__"])
    return str(module.__doc__).strip()
