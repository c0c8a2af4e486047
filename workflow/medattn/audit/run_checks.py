"""Running the checks of an audit. One that can't go on is a finding itself, and the others go on."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.registry import CHECKS
from medattn.errors import UserError


def examine(subject: AuditContext, checks: Sequence[str] | None = None) -> Iterator[Finding]:
    """Yield what the checks find, check by check; they run as findings are asked for.

    Args:
        subject: the folder.
        checks: names of the checks; None for all.
    """
    for name in CHECKS if checks is None else checks:
        findings = CHECKS[name](subject)
        try:
            for finding in findings:
                yield replace(finding, check=name)
        except UserError as error:
            yield Finding("error", str(subject.results.folder), "something to check", str(error), check=name)
        except Exception as error:  # damage has no one type, and whatever it is must not hide what the others find
            found = " ".join(f"{type(error).__name__}: {error}".split())
            yield Finding("error", str(subject.results.folder), "something to check", found, check=name)
