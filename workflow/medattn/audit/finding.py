"""What an audit finds: something that does not hold, where, and what to do."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Finding:
    """Something that does not hold.

    Attributes:
        severity: `error`: a number can't be trusted; `warning`: something is open or not comparable; `info`: worth
            knowing, and nothing to mend.
        place: the run or file that it is about.
        expected: what should be there.
        found: what is there.
        remedy: what to do.
        check: name of the check, put in by whoever runs the checks.
    """

    severity: Severity
    place: str
    expected: str
    found: str
    remedy: str = ""
    check: str = ""
