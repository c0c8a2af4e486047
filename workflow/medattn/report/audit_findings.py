"""Findings of the audit, from audit.json, and the root hash of the seal, from manifest.json."""

import base64
import binascii
import re
import zlib
from collections.abc import Mapping
from typing import Any, get_args

from medattn.errors import UserError
from medattn.files import read_json
from medattn.layout import ResultPaths
from medattn.reading import parse_json
from medattn.report.finding_groups import group_findings
from medattn.report.page_model import AuditGroup, AuditOutcome, AuditView

BLOCK = "audit"
"""Name of the block of the page with the audit that the page shows."""
_MOST_SHOWN = 20
_LARGEST_BLOCK = 4_000_000  # bytes
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
        return _view(value) if value["root"] == sealed_root(results) else None
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{results.audit}: not a result of the audit; delete it and run `medattn audit --write` again"
        ) from error


def _view(value: Mapping[str, Any]) -> AuditView:
    findings = [finding for finding in value["findings"] if _is_machine_independent(finding)]
    severities = {finding["severity"] for finding in findings}
    groups = [
        AuditGroup(group.severity, group.title, group.action, bool(group.command)) for group in group_findings(findings)
    ]
    held = [
        (str(name), str(check.get("examined", "")))
        for name, check in value["checks"].items()
        if check.get("outcome") == "holds" and check.get("examined")
    ]
    outcome: AuditOutcome = "could not be checked" if "unchecked" in severities else "holds"
    if severities & {"error", "warning"}:
        outcome = "does not hold"
    unchecked = sum(finding["severity"] == "unchecked" for finding in findings)
    hidden = max(0, len(groups) - _MOST_SHOWN)
    looked = sum(bool(check.get("examined")) or check.get("outcome") != "holds" for check in value["checks"].values())
    return AuditView(outcome, looked, unchecked, held, groups[:_MOST_SHOWN], hidden)


def embedded_audit(page: bytes) -> AuditView | None:
    """Return the audit that a page shows, from the block that it embeds; None if there is none or it is damaged."""
    found = re.search(
        rb'<script type="application/gzip" id="block-%b">([A-Za-z0-9+/=]*)</script>' % BLOCK.encode(), page
    )
    if found is None:
        return None
    try:
        # gzip.decompress has no limit.
        plain = zlib.decompressobj(wbits=31).decompress(base64.b64decode(found[1]), _LARGEST_BLOCK)
        value = parse_json(plain.decode(), "audit", finite=False)
        groups = [
            AuditGroup(str(severity), str(title), str(action), bool(is_command))
            for severity, title, action, is_command in value["groups"]
        ]
        held = [(str(name), str(examined)) for name, examined in value["held"]]
        if value["outcome"] not in get_args(AuditOutcome):
            return None
        counts = (int(value["checks"]), int(value["unchecked"]))
        return AuditView(value["outcome"], *counts, held, groups, int(value["hidden"]))
    except (UserError, binascii.Error, zlib.error, ValueError, KeyError, IndexError, TypeError, RecursionError):
        return None


def embedded(view: AuditView) -> dict[str, Any]:
    """Return an audit as plain values, from which `embedded_audit` makes it again."""
    groups = [[group.severity, group.title, group.action, group.is_command] for group in view.groups]
    return {
        "outcome": view.outcome,
        "checks": view.checks,
        "unchecked": view.unchecked,
        "held": [list(check) for check in view.held],
        "groups": groups,
        "hidden": view.hidden,
    }


def _is_machine_independent(finding: Mapping[str, Any]) -> bool:
    return finding["severity"] in ("error", "warning") or finding["check"] not in _MACHINE_DEPENDENT
