"""The papers' files are those that were sealed, and a commit holds them."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding, Severity
from medattn.audit.made_with import paper_files
from medattn.audit.manifest import read_manifest
from medattn.errors import UserError
from medattn.provenance.checkout import checkout_of
from medattn.provenance.git import GitError, git


def paper_findings(context: AuditContext) -> Iterator[Finding]:
    """Compare the files of the plan's papers with the seal, and with the commits that the records name.

    The check of the seal finds papers that are not the sealed ones. This one says whether others can get those files.
    """
    try:
        sealed = read_manifest(context.results.manifest).get("papers")
    except UserError:  # the check of the seal reports it
        return
    if not isinstance(sealed, Mapping):
        yield Finding("info", "papers", "papers in the seal", "a seal that names none", "")
        return
    found: dict[tuple[Severity, str, str, str], list[str]] = {}
    commits = _commits(context)
    problem = checkout_of(context.root / "papers").problem if (context.root / "papers").is_dir() else "no papers/ here"
    for name, path in paper_files(context.root, context.plan.configuration).items():
        difference = _difference(context, name, path, sealed.get(name), commits, problem)
        if difference is not None:
            found.setdefault(difference, []).append(name)
    for (severity, expected, text, remedy), names in found.items():
        yield from (Finding(severity, name, expected, text, remedy) for name in names)


def _difference(
    context: AuditContext,
    name: str,
    path: Path,
    facts: Mapping[str, Any] | None,
    commits: Sequence[str],
    problem: str,
) -> tuple[Severity, str, str, str] | None:
    if facts is None:  # the check of the seal reports it, and files that are missing or others
        return None
    sha256 = str(facts.get("sha256"))
    is_same = context.sha256(path) == sha256
    commit = next((commit for commit in commits if _sha256_in(context.root, commit, name) == sha256), None)
    if not is_same:
        found = f"another file; commit {commit[:12]} has the sealed one" if commit else ""
        return ("info", "papers as they were sealed", found, "") if commit else None
    if commit is not None or problem:  # without a repository there is nothing to compare with
        return None
    return "warning", "papers in a commit", "no commit has this file as it was sealed", "commit it"


def _commits(context: AuditContext) -> list[str]:
    """Return the commits that records name, then the present one."""
    named = [str(kept.record.get("code", {}).get("commit", "")) for kept in context.records()]
    return [commit for commit in dict.fromkeys([*named, "HEAD"]) if commit]


def _sha256_in(root: Path, commit: str, name: str) -> str:
    """Return the SHA-256 of a file below `root` at a commit; empty where git cannot show it."""
    if commit.startswith("-"):
        return ""
    try:
        text = git(root, "show", f"{commit}:./{name}")
    except GitError:
        return ""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
