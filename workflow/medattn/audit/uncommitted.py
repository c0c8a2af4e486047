"""Uncommitted changes that a record names, judged by what they can have changed."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from medattn.audit.finding import Severity
from medattn.provenance.code import CODE_FOLDER, imported_by_training

_COMMIT = "commit the changes, then train the run again"


@dataclass(frozen=True)
class CodeDifference:
    """A difference between the code that records name and that of a commit or of the installed files.

    Attributes:
        severity: as that of a finding.
        expected: what is expected.
        found: what is found.
        cause: what all runs with such a difference have in common.
        remedy: what to do.
        command: the command line that does it; empty if there is none.
    """

    severity: Severity
    expected: str
    found: str
    cause: str
    remedy: str = ""
    command: str = ""


def uncommitted_changes(commit: str, changed: Sequence[str], modules: Collection[str]) -> Iterator[CodeDifference]:
    """Yield a difference for each kind of uncommitted change of a run whose modules are those of the commit.

    A change in a module of the run is one of comments or words alone, since the digest is that of the commit. Other
    modules that the process of training imports could have done anything. Papers decide what is measured and compared.

    Args:
        commit: the recorded commit, shortened.
        changed: files with changes, relative to the top of the repository; empty where the record names none.
        modules: names of the run's modules.
    """
    expected = f"only what commit {commit} holds"
    if not changed:
        found = "uncommitted changes of unknown files; the modules of the run are those of the commit"
        yield CodeDifference("warning", expected, found, "runs with uncommitted changes of unknown files", _COMMIT)
    kinds: dict[Severity, list[str]] = {}
    for name in changed:
        kinds.setdefault(_severity(name, modules), []).append(name)
    if read := kinds.get("warning"):
        found = f"uncommitted changes in files that training or the plan reads: {', '.join(read)}"
        cause = "runs with uncommitted changes in files that training or the plan reads"
        yield CodeDifference("warning", expected, found, cause, _COMMIT)
    if others := kinds.get("info"):
        found = f"uncommitted changes that change no run: {', '.join(others)}"
        yield CodeDifference("info", expected, found, "uncommitted changes that change no run")


def _severity(name: str, modules: Collection[str]) -> Severity:
    if name.split("/")[0] == "papers" or "/papers/" in name:
        return "warning"
    module = name.partition(f"{CODE_FOLDER.name}/")[2]
    if module in modules:  # their syntax is that of the commit
        return "info"
    return "warning" if not module or module in _imported() else "info"


@cache
def _imported() -> frozenset[str]:
    return frozenset(imported_by_training())
