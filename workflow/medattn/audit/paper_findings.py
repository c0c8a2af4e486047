"""The papers' files are those that were sealed, and a commit holds them."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding, Severity
from medattn.audit.manifest import read_manifest
from medattn.audit.papers import paper_files
from medattn.errors import UserError
from medattn.provenance.checkout import checkout_of
from medattn.provenance.git import GitError, git

_SHOWN = 8


def paper_findings(context: AuditContext) -> Iterator[Finding]:
    """Compare the files of the plan's papers with the seal, and with the commits that the records name.

    The check of tables computes every verdict and table again with the papers that are here. This check says where a
    difference comes from, and whether others can get the papers that were used.
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
    for name in dict.fromkeys([*sealed, *paper_files(context.plan, context.root)]):
        difference = _difference(context, name, sealed.get(name), commits, problem)
        if difference is not None:
            found.setdefault(difference, []).append(name)
    for (severity, expected, text, remedy), names in found.items():
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield Finding(severity, ", ".join(names[:_SHOWN]) + more, expected, text, remedy)


def _difference(
    context: AuditContext, name: str, facts: Mapping[str, Any] | None, commits: Sequence[str], problem: str
) -> tuple[Severity, str, str, str] | None:
    path = context.root / name
    if facts is None:
        return "info", "papers as they were sealed", "a file that was added since", ""
    sha256 = str(facts.get("sha256"))
    if not path.is_file():
        return "unchecked", "papers as they were sealed", "no such file here", "audit where papers/ is"
    is_same = context.sha256(path) == sha256
    commit = next((commit for commit in commits if _sha256_in(context.root, commit, name) == sha256), None)
    if commit is not None:
        if is_same:
            return None
        return "info", "papers as they were sealed", f"changed since; commit {commit[:12]} has the sealed file", ""
    if is_same:
        if problem:
            return None  # papers outside of a repository, as sealed
        return "warning", "papers in a commit", "no commit has this file as it was sealed", "commit it"
    if problem:
        remedy = "audit in the checkout that made the results"
        return "unchecked", "papers as they were sealed", f"another file, and no commit to compare: {problem}", remedy
    remedy = "restore the file that was sealed, or run snakemake with the present one"
    return "error", "papers as they were sealed", "another file, and no known commit has the sealed one", remedy


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
