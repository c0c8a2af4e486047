"""The audit that a folder came with, audit.json, where it says something else than a new audit."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.errors import UserError
from medattn.files import read_json

if TYPE_CHECKING:
    from medattn.audit.run_checks import AuditCheck

_AGAIN = "make it again or, if it was left out on purpose, audit again: `medattn audit {folder} --write`"
_JUDGED = {"holds", "does not hold"}


def contradiction(context: AuditContext, checks: "Iterable[AuditCheck]") -> str:
    """Return in one line which checks hold by audit.json and not by a new audit, or the reverse; empty if none.

    What could not be checked contradicts nothing. An audit of another seal, and one that was changed, are findings of
    the check of the seal.

    Args:
        context: the results folder.
        checks: results of the new audit.
    """
    earlier = _earlier(context)
    others = []
    for check in checks:
        facts = (earlier.get("checks") or {}).get(check.name)
        before = facts.get("outcome") if isinstance(facts, Mapping) else None
        if check.ran and before in _JUDGED and check.outcome in _JUDGED and before != check.outcome:
            others.append(f"{check.name} {before}")
    if not others:
        return ""
    when, version = earlier.get("audited", "an unknown date"), earlier.get("medattn", "unknown")
    return f"audit.json in the folder, of {when} by medattn {version}, says otherwise: {', '.join(others)}"


def lost_since(context: AuditContext, place: str) -> Finding | None:
    """Return the finding for something optional that is gone, if the audit in the folder looked at it; else None."""
    facts = (_earlier(context).get("checks") or {}).get(context.check)
    if not isinstance(facts, Mapping) or not facts.get("examined"):
        return None
    return Finding("warning", place, f"what audit.json says was there ({facts['examined']})", "nothing", _AGAIN)


def _earlier(context: AuditContext) -> Mapping[str, Any]:
    """Return the content of audit.json; empty if there is none, it is damaged, or it is about another seal."""
    try:
        value = read_json(context.results.audit)
    except (UserError, OSError):
        return {}
    is_of_seal = isinstance(value, dict) and value.get("root") == context.sealed.get("root", "")
    return value if is_of_seal and isinstance(value.get("checks"), dict) else {}
