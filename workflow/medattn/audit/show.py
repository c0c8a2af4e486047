"""The findings of an audit, for people and for programs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.registry import CHECKS
from medattn.errors import UserError
from medattn.files import read_json, sha256_of_value

SCHEMA = 1


def holds(findings: Sequence[Finding]) -> bool:
    """Return whether all holds: what is only worth knowing is no finding against the folder."""
    return all(finding.severity == "info" for finding in findings)


def finding_line(finding: Finding) -> str:
    """Return a finding in one line."""
    remedy = f"; {finding.remedy}" if finding.remedy else ""
    text = f"{finding.severity}: {finding.check}: {finding.place}: expected {finding.expected}, found {finding.found}"
    return " ".join(f"{text}{remedy}".split())


def summary_line(subject: AuditContext, findings: Sequence[Finding]) -> str:
    """Return the audit in one line."""
    folder, root = subject.results.folder, root_of(subject)
    sealed = f"; sealed as {root[:16]}" if root else ""
    if holds(findings):
        return f"{folder}: audited, all holds ({len(CHECKS)} checks, {_runs(subject)} runs){sealed}"
    counts = Counter(finding.severity for finding in findings)
    said = ", ".join(
        f"{counts[key]} {key}{'' if counts[key] == 1 else 's'}" for key in ("error", "warning") if counts[key]
    )
    return f"{folder}: audited, not all holds: {said}{sealed}"


def audit_value(subject: AuditContext, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return what audit.json holds; the same folder gives the same bytes."""
    counts = Counter(finding.severity for finding in findings)
    value: dict[str, Any] = {
        "schema": SCHEMA,
        "folder": subject.results.folder.name,
        "root": root_of(subject),
        "holds": holds(findings),
        "runs": _runs(subject),
        "counts": {severity: counts[severity] for severity in ("error", "warning", "info")},
        "checks": {
            name: {"what": _what(name), "findings": sum(finding.check == name for finding in findings)}
            for name in CHECKS
        },
        "findings": [asdict(finding) for finding in findings],
    }
    return {**value, "self_sha256": sha256_of_value(value)}


def root_of(subject: AuditContext) -> str:
    """Return the root hash that the seal names; empty where there is none."""
    try:
        value = read_json(subject.results.manifest)
        return str(value["root"])
    except (UserError, KeyError, TypeError):
        return ""


def _runs(subject: AuditContext) -> int:
    try:
        return len(subject.ended())
    except UserError:
        return 0


def _what(name: str) -> str:
    module = __import__(CHECKS[name].__module__, fromlist=["__doc__"])
    return str(module.__doc__).strip()
