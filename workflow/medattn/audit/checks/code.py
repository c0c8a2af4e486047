"""The code of every run is the code of the commit that its record names."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path, PurePosixPath
from typing import Any

from medattn.audit.commit_commands import checkout_command, fetch_command
from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.hash_rule import has_other_hash_rule
from medattn.audit.uncommitted import CodeDifference, uncommitted_changes
from medattn.errors import UserError
from medattn.plan.finished_run import FinishedRun
from medattn.provenance.code import CODE_FOLDER, code_modules, module_sha256, modules_digest
from medattn.provenance.git import GitError, git
from medattn.provenance.package_sources import PackageSources

_TRAIN = "replay the run, which shows whether this code gives it: `medattn audit {folder} --replay all`"
_DISTRUST = "do not trust the record; train the run again under another seed or in another folder"
_NOT_IN_CLONE = "a commit that this clone does not have"
_OTHER_MODULES = "records that name other modules than those of their digest"


@dataclass(frozen=True)
class RecordedCode:
    """The code that a record names.

    Attributes:
        commit: commit of the checkout; empty where the record names none.
        digest: hash over all modules.
        no_commit: why it names none; empty where it does not say.
        dirty: whether the checkout had changes that no commit holds.
        changed: files with such changes, as far as they are known.
        modules: name and shortened hash of each module, in the order of the digest.
    """

    commit: str
    digest: str
    no_commit: str
    dirty: bool
    changed: tuple[str, ...]
    modules: tuple[tuple[str, str], ...]

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> "RecordedCode":
        """Return the code that a record names."""
        code = record["code"]
        modules = tuple((str(name), str(sha256)) for name, sha256 in code.get("modules", {}).items())
        changed = tuple(str(name) for name in code.get("changed", ()))
        dirty = bool(code.get("dirty")) or bool(changed)
        return cls(
            str(code.get("commit", "")), str(code["digest"]), str(code.get("no_commit", "")), dirty, changed, modules
        )

    @cached_property
    def is_here(self) -> bool:
        """Whether the installed files have these names and this digest."""
        current, absent = _modules(self, None)
        return not absent and bool(current) and modules_digest(current) == self.digest

    def fits(self, modules: Mapping[str, str]) -> bool:
        """Return whether modules have the recorded digest, and each the recorded hash."""
        each = all(sha256 and modules[name].startswith(sha256) for name, sha256 in self.modules)
        return each and modules_digest(modules) == self.digest


def check_code(context: AuditContext) -> Iterator[Finding]:
    """Recompute the digest of the recorded modules from the recorded commit and from the installed files."""
    by_code: dict[RecordedCode, list[str]] = {}
    for kept in context.records():
        by_code.setdefault(RecordedCode.of_record(kept.record), []).append(kept.run)
        context.examined.update(runs=1)
    differences: dict[CodeDifference, list[str]] = {}
    for code, runs in by_code.items():
        for difference in _differences(code, context):
            differences.setdefault(difference, []).extend(runs)
    for one, runs in differences.items():
        for run in runs:
            yield Finding(one.severity, run, one.expected, one.found, one.remedy, cause=one.cause, command=one.command)
    if not context.unusable_plan:
        sources = PackageSources(CODE_FOLDER)
        for finished in context.finished_runs():
            yield from _names_of_modules(finished, sources)


def _names_of_modules(finished: FinishedRun, sources: PackageSources) -> Iterator[Finding]:
    """Compare the recorded modules with those that the run depends on, where the installed code has its digest."""
    code = finished.record["code"]
    if "modules" in code:
        current = code_modules(*finished.cell.settings.code_names, None, sources)
        if modules_digest(current) == code["digest"] and list(current) != list(code["modules"]):
            found = ", ".join(code["modules"]) or "none"
            yield Finding(
                "error", finished.run.id, f"modules {', '.join(current)}", found, _TRAIN, cause=_OTHER_MODULES
            )


def _differences(code: RecordedCode, context: AuditContext) -> Iterator[CodeDifference]:
    """Yield what does not hold, or could not be checked, of the code that records name."""
    if code.is_here and not code.fits(_modules(code, None)[0]):
        expected, found = "modules with the recorded digest", "hashes of other modules"
        yield CodeDifference("error", expected, found, _OTHER_MODULES, _TRAIN)
        return
    if not code.modules:
        expected, found = "modules to recompute the digest of", "none in the record"
        yield _unchecked(code, expected, found, "records that name no modules", _TRAIN)
        return
    if not code.commit:
        if not code.is_here:
            found = f"none in the record{_because(code)}, and the installed files differ: {_files(code)}"
            remedy = "audit with the version that trained the run"
            cause = "records without a commit, of other code than the installed one"
            yield _unchecked(code, "a commit with the code", found, cause, remedy)
        elif code.no_commit:
            found, cause = f"none in the record{_because(code)}", "records without a commit"
            yield _unchecked(code, "a commit with the code", found, cause)
        return
    if not re.fullmatch(r"[0-9a-f]{7,64}", code.commit):
        yield CodeDifference("error", "a commit", code.commit[:80], "records that name no commit", _DISTRUST)
        return
    yield from _at_commit(code, code.commit[:12], context)
    if own := [name for name, _ in code.modules if ":" in name]:
        found = f"code of the user, compared with the current files only: {', '.join(own)}"
        yield CodeDifference("info", "code that is in a commit", found, "code of the user that no commit has")


def _at_commit(code: RecordedCode, short: str, context: AuditContext) -> Iterator[CodeDifference]:
    """Compare the recorded modules with those of the recorded commit."""
    if problem := _git_problem(CODE_FOLDER, code.commit):
        is_absent = problem == _NOT_IN_CLONE
        remedy = f"get commit {code.commit} of medattn from the authors, and audit with a clone that has it"
        command = fetch_command(CODE_FOLDER, code.commit, context.started_in) if is_absent else ""
        cause = f"recorded code of {problem}" if is_absent else f"git could not show the recorded code: {problem}"
        yield _unchecked(code, f"commit {short} with {_files(code)}", problem, cause, remedy, command)
        return
    modules, absent = _modules(code, code.commit)
    expected = f"the code of commit {short}"
    if absent:
        found = f"no such files in that commit: {', '.join(absent)}"
        cause = "recorded modules that the recorded commit does not have"
        if any(":" not in name and _lacks(CODE_FOLDER, code.commit, name) for name in absent):
            yield CodeDifference("error", f"the recorded modules in commit {short}", found, cause, _DISTRUST)
            return
        remedy = "put the modules on PYTHONPATH, or get a complete clone, then audit again"
        yield _unchecked(code, f"the recorded modules in commit {short}", found, cause, remedy)
    elif not code.fits(modules):
        found = f"modules with other hashes: {_changed(code, modules)}"
        if has_other_hash_rule(CODE_FOLDER, code.commit):
            remedy = f"audit with commit {short} of medattn, whose version hashed them"
            cause = "code that another version of medattn hashed"
            command = checkout_command(CODE_FOLDER, short, context.started_in, context.results.folder)
            found = f"{found}, which another version of medattn computed"
            yield _unchecked(code, expected, found, cause, remedy, command)
        elif code.dirty:
            found = f"uncommitted changes, so the run is not reproducible from a commit; {found}"
            cause, remedy = "runs of code that no commit has", "commit the changes, then train the run again"
            yield CodeDifference("error", expected, found, cause, remedy)
        else:
            cause = "other code in the recorded commit than the record has"
            yield CodeDifference("error", expected, found, cause, _DISTRUST)
    elif code.dirty:
        yield from uncommitted_changes(short, code.changed, [name for name, _ in code.modules])


def _because(code: RecordedCode) -> str:
    return f" ({code.no_commit})" if code.no_commit else ""


def _unchecked(
    code: RecordedCode, expected: str, found: str, cause: str, remedy: str = "", command: str = ""
) -> CodeDifference:
    """Return a difference that cannot be judged; it needs no action where the installed files have the digest."""
    if code.is_here:
        return CodeDifference("info", expected, f"{found}; the installed files have the recorded digest", cause, remedy)
    found = f"{found}; the digest could not be recomputed"
    return CodeDifference("unchecked", expected, found, cause, remedy, command)


def _modules(code: RecordedCode, commit: str | None) -> tuple[dict[str, str], list[str]]:
    """Return the hash of each recorded module, and the names of those that do not exist.

    Args:
        code: the recorded code.
        commit: where to read the files; None for the installed files. The user's own code is always read there.
    """
    hashes, absent = {}, []
    for name, _ in code.modules:
        try:
            hashes[name] = _sha256_of_module(name, None if ":" in name else commit)
        except (OSError, GitError, SyntaxError, UserError, ValueError):
            absent.append(name)
    return hashes, absent


def _sha256_of_module(name: str, commit: str | None) -> str:
    if ".." in PurePosixPath(name).parts:
        raise ValueError(f"{name} is outside of the package")
    return module_sha256(name, _installed if commit is None else partial(_read, CODE_FOLDER, commit))


def _installed(name: str) -> str:
    return (CODE_FOLDER / name).read_text(encoding="utf-8")


def _files(code: RecordedCode) -> str:
    """Name the recorded files that differ from the installed ones or, where none does, all."""
    current, _ = _modules(code, None)
    names = [name for name, sha256 in code.modules if not current.get(name, "-").startswith(sha256)]
    return ", ".join(names or [name for name, _ in code.modules])


def _changed(code: RecordedCode, modules: Mapping[str, str]) -> str:
    names = [name for name, sha256 in code.modules if not sha256 or not modules[name].startswith(sha256)]
    return ", ".join(names) or f"none alone, but their digest is not {code.digest[:12]}"


@cache
def _git_problem(folder: Path, commit: str) -> str:
    """Return why git cannot show a commit of the checkout that holds `folder`; empty where it can."""
    try:
        git(folder, "rev-parse", "--git-dir")
    except GitError as error:
        return str(error)
    try:
        known = git(folder, "cat-file", "-t", commit).strip() == "commit"
    except GitError:
        known = False
    return "" if known else _NOT_IN_CLONE


@cache
def _lacks(folder: Path, commit: str, name: str) -> bool:
    """Return whether a commit has no file of this name; a clone that lacks contents knows the names."""
    try:
        return not git(folder, "ls-tree", "--name-only", commit, "--", name).strip()
    except GitError:
        return False


@cache
def _read(folder: Path, commit: str, name: str) -> str:
    """Return a module of the package in `folder` at a commit."""
    return git(folder, "show", f"{commit}:./{name}")
