"""The code of every run is that of the commit that its record names."""

import subprocess
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

from medattn.audit.context import AuditContext, Ended
from medattn.audit.finding import Finding
from medattn.errors import UserError
from medattn.plan.model import Cell
from medattn.provenance.code import CODE_FOLDER, Reader, code_digest, code_modules, code_of
from medattn.provenance.environment import git


def check_code(subject: AuditContext) -> Iterator[Finding]:
    """Take the digest of the code again, from the recorded commit where git has it and from the files that are here."""
    committed = cache(_committed)
    read = cache(_read)
    named: dict[tuple[str, str, bool], list[Ended]] = {}
    for ended in subject.ended():
        code = ended.record["code"]
        yield from _modules(ended)
        if "commit" in code:
            key = (str(code["commit"]), str(code["digest"]), bool(code.get("dirty")))
            named.setdefault(key, []).append(ended)
    for (commit, digest, dirty), members in named.items():
        place = f"{members[0].run.id} ({len(members)} runs)" if len(members) > 1 else members[0].run.id
        if not committed(commit):
            found = f"commit {commit[:12]}, which this checkout doesn't have"
            yield Finding("info", place, "a commit to compare the code with", found, "fetch it with git")
            continue
        for cell in {ended.cell.id: ended.cell for ended in members}.values():
            if _digest_at(cell, partial(read, commit)) in (None, digest):
                continue
            if dirty:
                yield Finding("warning", place, "code that was committed", "code that no commit has",
                              "commit first, then train")  # fmt: skip
            else:
                yield Finding("error", place, f"the code of commit {commit[:12]}", f"another: {digest}",
                              "don't trust the record; train the run again")  # fmt: skip
            break


def _modules(ended: Ended) -> Iterator[Finding]:
    """The modules that a record names are those of its digest, where that code is here."""
    code, code_arguments = ended.record["code"], code_of(ended.cell.settings)
    if "modules" in code and code_digest(*code_arguments) == code["digest"]:
        now = code_modules(*code_arguments)
        shown = {name: sha256[: len(str(code["modules"].get(name, "")))] for name, sha256 in now.items()}
        if shown != code["modules"] or not all(shown.values()):
            yield Finding("error", ended.run.id, "the modules of its code", "others", "train the run again")


def _digest_at(cell: Cell, read: Reader) -> str | None:
    """Return the digest of a cell's code as `read` gives its files; None where they can't be had."""
    try:
        return code_digest(*code_of(cell.settings), read)
    except (OSError, subprocess.SubprocessError, SyntaxError, UserError, ValueError):
        return None


def _committed(commit: str) -> bool:
    try:
        return git(CODE_FOLDER, "cat-file", "-t", commit).strip() == "commit"
    except (OSError, subprocess.SubprocessError):
        return False


def _read(commit: str, file: Path) -> str:
    """Return a file of the package as it was at a commit."""
    return git(CODE_FOLDER, "show", f"{commit}:./{file.relative_to(CODE_FOLDER).as_posix()}")
