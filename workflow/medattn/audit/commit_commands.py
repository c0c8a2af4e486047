"""Commands that get a commit of the software in use. None is given where it cannot work: without a repository."""

import os
import shlex
from functools import cache
from pathlib import Path

from medattn.provenance.git import GitError, git


@cache
def repository(folder: Path) -> Path | None:
    """Return the top of the repository that tracks the package in `folder`; None if there is none, or no git."""
    try:
        if git(folder, "ls-files", "--error-unmatch", "seeding.py"):
            return Path(git(folder, "rev-parse", "--show-toplevel").strip())
    except GitError:
        pass
    return None


def fetch_command(folder: Path, commit: str, started_in: Path) -> str:
    """Return the command that fetches a commit; empty without a repository, or where it has no remote.

    Args:
        folder: folder of the package.
        commit: the commit.
        started_in: where the user will type it.
    """
    top = repository(folder)
    if top is None or not _has_remote(top):
        return ""
    return f"{_git(top, started_in)} fetch {_remote(top)} {commit}"


def checkout_command(folder: Path, commit: str, started_in: Path, results: Path) -> str:
    """Return the command that gives the code of a commit, fetched first if it is missing.

    Where the results lie in the repository, a checkout could change or remove them. The command then makes a work tree
    beside the repository, and audits them from there. It is empty without a repository, or where the commit is missing
    and cannot be fetched.

    Args:
        folder: folder of the package.
        commit: the commit.
        started_in: where the user will type it.
        results: the results folder that is audited, absolute.
    """
    top = repository(folder)
    if top is None:
        return ""
    checkout = f"{_git(top, started_in)} checkout {commit}"
    if results.resolve().is_relative_to(top.resolve()):
        checkout = _audit_in_work_tree(folder, top, commit, started_in, results)
    if has_commit(top, commit):
        return checkout
    return f"{_git(top, started_in)} fetch && {checkout}" if _has_remote(top) else ""


def commit_of_results(folder: Path, results: Path) -> str:
    """Return the commit that last wrote a results folder, except its audit, shortened; empty where git does not tell.

    Args:
        folder: folder of the package; the results are tracked by its repository.
        results: the results folder, absolute.
    """
    top = repository(folder)
    if top is None or not results.resolve().is_relative_to(top.resolve()):
        return ""
    try:
        if git(top, "rev-parse", "--is-shallow-repository").strip() != "false":
            return ""  # the oldest commit of a shallow clone seems to have written every file
        name = results.resolve().relative_to(top.resolve()).as_posix()
        return git(top, "log", "-1", "--format=%H", "--", name, f":(exclude){name}/audit.json").strip()[:12]
    except GitError:
        return ""


def _audit_in_work_tree(folder: Path, top: Path, commit: str, started_in: Path, results: Path) -> str:
    is_inside = started_in.resolve().is_relative_to(top.resolve())
    place = top.parent / f"at-{commit}"
    shown = shlex.quote(os.path.relpath(place.resolve(), started_in.resolve()) if is_inside else str(place))
    package = shlex.quote(folder.resolve().relative_to(top.resolve()).parent.as_posix())
    audit = f"PYTHONPATH={package} python -m medattn audit {shlex.quote(str(results))}"
    return f"{_git(top, started_in)} worktree add {shown} {commit} && cd {shown} && {audit}"


@cache
def has_commit(folder: Path, commit: str) -> bool:
    """Return whether the repository of a folder has a commit."""
    try:
        return git(folder, "cat-file", "-t", commit).strip() == "commit"
    except GitError:
        return False


def _git(top: Path, started_in: Path) -> str:
    return "git" if started_in.resolve().is_relative_to(top.resolve()) else f"git -C {shlex.quote(str(top))}"


def _has_remote(top: Path) -> bool:
    return bool(_remote(top))


@cache
def _remote(top: Path) -> str:
    """Return the name of a remote, `origin` if there is one of this name; empty without remotes."""
    try:
        names = git(top, "remote").split()
    except GitError:
        return ""
    return "origin" if "origin" in names else next(iter(names), "")
