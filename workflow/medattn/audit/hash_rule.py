"""The rule by which medattn hashes code: which parts of a source count. Versions of medattn may differ in it."""

from functools import cache
from pathlib import Path

from medattn.provenance.git import GitError, git
from medattn.provenance.syntax_hash import source_sha256

_RULES = ("provenance/code.py", "provenance/import_closure.py", "provenance/syntax_hash.py")


@cache
def has_other_hash_rule(folder: Path, commit: str) -> bool:
    """Return whether the version of medattn at a commit may hash code by another rule than the installed one.

    Then a hash that differs is no sign that the code differs.

    Args:
        folder: the package, in a git checkout that has the commit.
        commit: the commit.
    """
    for name in _RULES:
        try:
            before = git(folder, "show", f"{commit}:./{name}")
        except GitError:
            continue
        installed = Path(__file__).parent.parent / name
        try:
            if not installed.is_file() or source_sha256(before) != source_sha256(installed.read_text(encoding="utf-8")):
                return True
        except (SyntaxError, ValueError):
            return True
    return False
