"""What follows from files that were changed since they were sealed: it is shown with them, as one cause."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from medattn.audit.finding import Finding

if TYPE_CHECKING:
    from medattn.audit.context import AuditContext

CHANGED = "changed since it was sealed"
RESTORE = "restore the file from a copy, or make it again and seal again: `medattn audit {folder} --seal`"
_OF_THE_SEAL = ("seal", "chain", "anchor")
"""Checks that read what they compare from the seals, not from the plan."""
_DESCRIPTIONS = ("crate/ro-crate-metadata.json", "crate/ro-crate-preview.html", "crate/README.md")
_INPUTS: Mapping[str, Callable[[str, str], bool]] = {
    "records": lambda changed, _: changed.startswith("tuned/"),
    "contradictions": lambda changed, _: changed.startswith("tuned/"),
    "completeness": lambda changed, _: changed.startswith("runs/"),
    "pairing": lambda changed, _: changed.startswith("runs/"),
    "tables": lambda changed, _: changed.startswith("runs/") or changed == "complexity.csv",
    "report": lambda _changed, _: True,
    "crate": lambda changed, place: place in (f"crate/{changed}", *_DESCRIPTIONS),
    "replay": lambda changed, _: changed.startswith("tuned/"),
}
"""Whether a check compares a place with a changed file, besides the file that it is about, its run, and the plan."""
_WARNING = ("completeness", "pairing", "tables")
"""Checks whose warnings say that something is missing or added, which a changed file explains, too."""


def follows_from_change(context: "AuditContext", finding: Finding) -> bool:
    """Return whether a changed file explains what is wrong: the file itself, one of its run, or one that it is made of.

    Args:
        context: the results folder.
        finding: what is wrong, with the name of its check.
    """
    return any(_explains(finding, name) for name in context.changed)


def by_cause(context: "AuditContext", finding: Finding) -> Finding:
    """Return what is wrong with the changed files as its cause, if it follows from them; any other finding as it is."""
    is_wrong = finding.severity == "error" or (finding.severity == "warning" and finding.check in _WARNING)
    if not is_wrong or not follows_from_change(context, finding):
        return finding
    return replace(finding, severity="error", cause=changed_cause(context), remedy=RESTORE, command="")


def changed_cause(context: "AuditContext") -> str:
    """Return the cause of everything that follows from changed files: it names a single one."""
    names = context.changed
    is_gone = any(not (context.results.folder / name).is_file() for name in names)
    if len(names) == 1:
        return f"{names[0]} is gone, although it was sealed" if is_gone else f"{names[0]} {CHANGED}"
    return f"{len(names)} files changed{' or gone' if is_gone else ''} since they were sealed"


def _explains(finding: Finding, changed: str) -> bool:
    if changed == finding.place or changed.startswith(f"runs/{finding.place}/"):
        return True
    if finding.check in _OF_THE_SEAL:
        return False
    return changed == "plan.json" or (finding.check in _INPUTS and _INPUTS[finding.check](changed, finding.place))
