"""Git, called as a program, and the reasons for which it cannot answer."""

import os
import subprocess
from pathlib import Path

# Hooks and other tools set these variables, which point git to another repository.
_REDIRECTIONS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_NAMESPACE")
_SECONDS = 60


class GitError(Exception):
    """Failure of git; the message says in a clause why, for people."""


def git(folder: Path, *arguments: str, send: str | None = None) -> str:
    """Run git in `folder`, without changing its index, and return its output.

    Args:
        folder: where git runs.
        arguments: arguments of git.
        send: text for its standard input.

    Raises:
        GitError: git is not installed, refuses the repository, fails or takes too long.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _REDIRECTIONS}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],  # noqa: S607 (git is where the user has it)
            capture_output=True,
            input=send,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
            timeout=_SECONDS,
            env={**environment, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
        )
    except FileNotFoundError as error:
        raise GitError("git is not installed") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise GitError(f"git cannot be run: {error}") from error
    if done.returncode:
        raise GitError(_reason(folder, done.stderr))
    return done.stdout


def _reason(folder: Path, said: str) -> str:
    """Return why git failed, given what it said."""
    if "dubious ownership" in said or "unsafe repository" in said:
        return (
            f"git does not read the checkout around {folder}, because another user owns it; if you trust that user, "
            f"run `git config --global --add safe.directory '*'`, or name the checkout instead of '*'"
        )
    if "not a git repository" in said:
        return f"{folder} is not in a git checkout"
    lines = [line for line in said.splitlines() if line.strip()]
    return f"git failed in {folder}: {lines[-1].strip()[:200] if lines else 'without a message'}"
