"""The commit of the code in use: it counts only where a repository tracks the files, and names what differs from it."""

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from medattn.provenance.git import GitError, git

_CODE_SUFFIXES = {".py", ".so", ".pyd", ".json", ".yaml", ".csv", ".smk"}
_SHOWN = 50


@dataclass(frozen=True)
class Checkout:
    """What is known about the commit of some files.

    Attributes:
        commit: the commit; empty where none counts.
        changed: files whose content is not the commit's, relative to the top of the repository: changed, missing, or
            not tracked, ignored or not.
        problem: why no commit counts, as a clause; empty where one does.
    """

    commit: str = ""
    changed: tuple[str, ...] = ()
    problem: str = ""

    def to_record(self) -> dict[str, Any]:
        """Return the keys of a record: commit, dirty and changed files, or why no commit counts."""
        if not self.commit:
            return {"no_commit": self.problem}
        shown = [*self.changed[:_SHOWN], *([f"and {len(self.changed) - _SHOWN} more"] if self.changed[_SHOWN:] else [])]
        return {"commit": self.commit, "dirty": bool(self.changed), **({"changed": shown} if shown else {})}


def git_state(package: Path) -> dict[str, Any]:
    """Return what a record says about the commit of the package, of the rules of the workflow and of papers/.

    Returns:
        commit, dirty and changed (files that differ from the commit), or no_commit, the reason why none counts.
    """
    beside = [package.parent] if (package.parent / "rules").is_dir() else []
    return code_checkout(package, [*beside, Path("papers")]).to_record()


def code_checkout(package: Path, others: Sequence[Path] = ()) -> Checkout:
    """Return the commit of the package in use.

    Args:
        package: folder of the package.
        others: further folders, such as papers/; they are compared where the same repository contains them.
    """
    state = checkout_of(package, others)
    return state if state.commit else _installed(package) or state


def checkout_of(folder: Path, others: Sequence[Path] = ()) -> Checkout:
    """Return the commit of the repository that tracks a folder, and the files there that differ from the commit.

    A repository that contains the folder without tracking it does not count.

    Args:
        folder: the folder.
        others: further folders; they are compared where the same repository contains them.
    """
    try:
        top = Path(git(folder, "rev-parse", "--show-toplevel").removesuffix("\n")).resolve()
        commit = _head(folder, top)
        changed = _changed(top, folder)
        if changed is None:
            return Checkout(problem=f"the repository around it, {top}, does not track {folder}")
        for other in others:
            if other.is_dir() and other.resolve().is_relative_to(top):
                differing = _changed(top, other)
                changed += _relative(top, _files(other)) if differing is None else differing
    except GitError as error:
        return Checkout(problem=str(error))
    return Checkout(commit, tuple(sorted(set(changed))))


def _head(folder: Path, top: Path) -> str:
    try:
        return git(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").strip()
    except GitError as error:
        raise GitError(f"the checkout {top} has no commit") from error


def _changed(top: Path, folder: Path) -> list[str] | None:
    """Return the files of a folder whose content is not that of HEAD; None where HEAD has none of its files.

    Contents are compared, because the index can hide changes (`--assume-unchanged`).
    """
    listed = git(folder, "ls-tree", "-r", "-z", "--full-name", "HEAD", ".").split("\0")
    entries = [(facts.split(), name) for facts, _, name in (line.partition("\t") for line in listed) if name]
    tracked = {name: blob for (mode, _, blob), name in entries if mode.startswith("100")}  # files, no links or modules
    if not tracked:
        return None
    present = [name for name in tracked if (top / name).is_file()]
    now = git(top, "hash-object", "--stdin-paths", send="".join(f"{name}\n" for name in present)).split()
    same = {name for name, sha in zip(present, now, strict=True) if tracked[name] == sha}
    untracked = [name for name in _relative(top, _files(folder)) if name not in tracked]
    return [*(name for name in tracked if name not in same), *untracked]


def _files(folder: Path) -> Iterable[Path]:
    """Yield the files of a folder that a program or the workflow can read, without caches and litter."""
    for path in sorted(folder.resolve().rglob("*")):
        hidden = any(
            part == "__pycache__" or part.startswith(".") for part in path.parts[len(folder.resolve().parts) :]
        )
        if path.suffix in _CODE_SUFFIXES and not hidden and path.is_file():
            yield path


def _relative(top: Path, files: Iterable[Path]) -> list[str]:
    return [path.relative_to(top).as_posix() for path in files]


def _installed(package: Path) -> Checkout | None:
    """Return the commit from which pip installed the package; None where it was not installed from a repository."""
    try:
        found = distribution("medattn")
        origin = json.loads(found.read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return None
    if not _is_in(found, package):
        return None
    commit = origin.get("vcs_info", {}).get("commit_id") if isinstance(origin, dict) else None
    if not isinstance(commit, str):
        return Checkout(problem=f"it was installed as version {found.version}, without a repository")
    changed = [str(file) for file in found.files or () if file.hash and not _as_installed(found, file.hash.value, file)]
    return Checkout(commit, tuple(sorted(changed)))


def _is_in(found: Distribution, package: Path) -> bool:
    """Return whether the distribution contains the files of the package, rather than a link to a checkout."""
    own = (package / "__init__.py").resolve()
    return any(Path(str(found.locate_file(file))).resolve() == own for file in found.files or ())


def _as_installed(found: Distribution, value: str, file: Any) -> bool:
    path = Path(str(found.locate_file(file)))
    if not path.is_file():
        return False
    digest = hashlib.sha256(path.read_bytes()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") == value
