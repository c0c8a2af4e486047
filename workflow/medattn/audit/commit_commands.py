"""Commands that get a commit of the software in use. None is given where it cannot work: without a repository."""

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


def checkout_command(folder: Path, commit: str, started_in: Path) -> str:
    """Return the command that checks out a commit, fetched first if it is missing; arguments as in `fetch_command`.

    It is empty without a repository, or where the commit is missing and cannot be fetched.
    """
    top = repository(folder)
    if top is None:
        return ""
    checkout = f"{_git(top, started_in)} checkout {commit}"
    if has_commit(top, commit):
        return checkout
    return f"{_git(top, started_in)} fetch && {checkout}" if _has_remote(top) else ""


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
