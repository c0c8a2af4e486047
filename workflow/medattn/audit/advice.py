"""What the reader of an audit can do about a finding: authors repeat steps, reviewers ask, restore or replay."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from medattn.audit.consequences import RESTORE, by_cause
from medattn.audit.finding import Finding
from medattn.audit.obstacles import in_project, plan_argument

if TYPE_CHECKING:
    from medattn.audit.context import AuditContext

_ADVICE = re.compile(r"; (delete|move|run|make|restore|correct) [^;]*$")
_TEMPORARY = re.compile(r"[^\s'(]*/medattn-(audit|replay)-[^/\s]+/[^/\s]+/")
_REPLAY = "ask the authors how it was trained; `medattn audit {folder} --replay all` trains runs again"
_FOR_REVIEWERS: Mapping[str, str] = {
    "seal": "compare it with another copy of the folder, or ask the authors for what they sealed",
    "chain": "ask the authors why; `medattn audit {folder} --replay all` trains runs again and compares them",
    "plan": "ask the authors for the papers and the configuration that give this plan",
    "completeness": "ask the authors for the runs, or why there are none",
    "records": "compare it with another copy of the folder, or ask the authors for the run as it was recorded",
    "code": "ask the authors for the code of these runs, as a commit",
    "environment": "ask the authors for runs of these arms in one environment; until then, do not compare the arms",
    "pairing": "ask the authors for the missing runs; unpaired runs are not compared",
    "training": _REPLAY,
    "contradictions": _REPLAY,
    "independence": _REPLAY,
    "tables": "rely on what the runs give, not on this file, and ask the authors for it",
    "report": "rely on the tables, which have a check of their name, not on this page, and ask the authors for it",
    "crate": "rely on the files of the results folder, not on this copy, and ask the authors for it",
    "snakemake": "ask the authors whether the workflow finished",
    "replay": "do not rely on this run; ask the authors how it was trained",
}
"""Advice by check. Data and originals are those of the reader, and anchors are for reviewers to begin with."""


def advised(context: "AuditContext", finding: Finding) -> Finding:
    """Return a finding with the changed files that explain it as its cause, and with advice that its reader can follow.

    Steps that change a results folder are for the author, who has it where the selection writes it. A reviewer, who
    got a copy, is told what to ask for, or what to run without changing anything.
    """
    finding = by_cause(context, finding)
    is_wrong = finding.severity in ("error", "warning")
    subject = "seal" if finding.remedy == RESTORE else finding.check
    if is_wrong and not context.is_authors and subject in _FOR_REVIEWERS:
        finding = replace(finding, remedy=_FOR_REVIEWERS[subject], command="")
    return replace(
        finding,
        place=_within(context, finding.place),
        expected=_within(context, finding.expected),
        # Errors of readers advise to change files, which here are evidence.
        found=_ADVICE.sub("", _within(context, finding.found)),
        remedy=_filled_in(context, finding.remedy),
        command=_filled_in(context, finding.command),
    )


def _within(context: "AuditContext", text: str) -> str:
    """Name files of the folder, and their copies in a temporary folder, by their paths in the folder."""
    folder = context.results.folder
    for name in dict.fromkeys((f"{folder}/", f"{folder.resolve()}/")):
        text = text.replace(name, "")
    return _TEMPORARY.sub("", text)


def _filled_in(context: "AuditContext", text: str) -> str:
    """Fill in the folder, its plan, and the change to the project where the user started elsewhere."""
    text = text.replace("{folder}", shlex.quote(str(context.shown))).replace("{plan}", plan_argument(context))
    return text.replace("{project}", in_project(context, ""))
