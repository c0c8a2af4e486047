"""Findings of the audit, from audit.json, and the root hash of the seal, from manifest.json."""

from collections.abc import Mapping
from typing import Any

from medattn.errors import UserError
from medattn.files import read_json
from medattn.layout import ResultPaths
from medattn.report.page_model import AuditView

_MOST_SHOWN = 50
_MACHINE_DEPENDENT = ("code", "snakemake")
"""Checks that ask git and Snakemake. Their answers depend on the machine of the audit, so the page leaves out what is
only informative or could not be checked: the same folder gives the same page on every machine."""


def sealed_root(results: ResultPaths) -> str:
    """Return the root hash of the seal; empty if the folder is not sealed."""
    if not results.manifest.is_file():
        return ""
    value = read_json(results.manifest)
    return str(value.get("root", "")) if isinstance(value, dict) else ""


def audit_view(results: ResultPaths) -> AuditView | None:
    """Return the result of the audit, or None if the sealed folder was not audited.

    Raises:
        UserError: audit.json is damaged.
    """
    if not results.audit.is_file():
        return None
    value = read_json(results.audit)
    try:
        if value["root"] != sealed_root(results):
            return None
        findings = [_finding(finding) for finding in value["findings"] if _is_machine_independent(finding)]
        severities = [severity for severity, _, _ in findings]
        unchecked = severities.count("unchecked")
        wrong = len(severities) - unchecked - severities.count("info")
        return AuditView(
            "failed" if wrong else "not fully checked" if unchecked else "passed",
            len(value["checks"]),
            unchecked,
            findings[:_MOST_SHOWN],
            max(0, len(findings) - _MOST_SHOWN),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{results.audit}: not a result of the audit; delete it and run `medattn audit` again"
        ) from error


def _is_machine_independent(finding: Mapping[str, Any]) -> bool:
    return finding["severity"] in ("error", "warning") or finding["check"] not in _MACHINE_DEPENDENT


def _finding(finding: Mapping[str, Any]) -> tuple[str, str, str]:
    text = f"{finding['check']}: expected {finding['expected']}, found {finding['found']}; {finding['remedy']}"
    return str(finding["severity"]), str(finding["place"]), text.rstrip("; ")
