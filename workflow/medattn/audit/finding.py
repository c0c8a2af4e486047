"""Findings of an audit and the outcome that they give together."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "unchecked", "info"]
Outcome = Literal["holds", "does not hold", "could not be checked"]
EXIT_CODES: dict[Outcome, int] = {"holds": 0, "does not hold": 1, "could not be checked": 3}


@dataclass(frozen=True)
class Finding:
    """A difference between the expected and the found state of a results folder.

    Attributes:
        severity: `error`: a number cannot be trusted; `warning`: a result is open or not comparable; `unchecked`: the
            audit lacked something that it needs, so that part is neither right nor wrong; `info`: no action is needed.
        place: the run or file concerned.
        expected: what the audit expected.
        found: what the audit found.
        remedy: what to do about it.
        check: name of the check. `run_checks` fills it in.
        cause: what several findings have in common, such as images that are not on this machine; they are shown as
            one. Empty: findings of a check with the same remedy are shown as one.
        command: the command line that fixes or checks it.
    """

    severity: Severity
    place: str
    expected: str
    found: str
    remedy: str = ""
    check: str = ""
    cause: str = ""
    command: str = ""


def outcome_of(findings: Iterable[Finding]) -> Outcome:
    """Return the outcome of an audit: errors and warnings outweigh what could not be checked."""
    severities = {finding.severity for finding in findings}
    if severities & {"error", "warning"}:
        return "does not hold"
    return "could not be checked" if "unchecked" in severities else "holds"
