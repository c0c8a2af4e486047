"""Tuning results, measurements, comparisons, verdicts, tables and figures follow from the runs, byte for byte."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from medattn.audit.consequences import follows_from_change
from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.obstacles import absent_images, disproved, explained, own_code_refused, unreadable, unreadable_file
from medattn.audit.recomputed import FROM_SCORES, INPUTS, Recomputed, recomputed
from medattn.errors import UserError
from medattn.reading import read_bytes

_REMEDY = "run `medattn measure`, `compare`, `judge`, `answer` and `render` again, each with `--plan {plan}`"
_FOLDERS = ("tuned/", "tables/", "figures/", "captions/")
_NOT_COMPUTED = ("plan.csv", "complexity.csv")
_EXPECTED = "the file that follows from the runs"
_DRAWN = (".svg", ".png")


def check_tables(context: AuditContext) -> Iterator[Finding]:
    """Recompute everything that follows from the runs in a temporary folder, and compare it with the results folder."""
    absent = context.absent_data()
    with recomputed(context) as again:
        names = list(again.files())
        differences = [finding for name in names if (finding := _difference(context, again, name)) is not None]
        others = [name for name in _computed(context) if name not in names]
        _count(context, len(names) - len(differences), len(names) + (len(others) if again.stopped else 0))
        for finding in differences:
            yield _judged(context, finding, absent)
        if again.stopped is not None:
            yield from _not_recomputed(context, absent, others, again.stopped)
            return
    for name in others:
        if name.startswith(_FOLDERS):
            remedy = "move it out of the folder"
            other = Finding("warning", name, "only files that follow from this plan", "another file", remedy)
            yield explained(context, other)


def _computed(context: AuditContext) -> Iterator[str]:
    """Yield the names of the files of the folder that are computed from the runs, or lie beside such files."""
    folder = context.results.folder
    paths = [*folder.glob("*.csv"), *(path for part in _FOLDERS for path in folder.joinpath(part).rglob("*"))]
    for path in sorted(paths):
        if path.is_file() and path.name not in _NOT_COMPUTED:
            yield path.relative_to(folder).as_posix()


def _count(context: AuditContext, same: int, every: int) -> None:
    context.examined.update({"files" if same == every else f"of {every} files": same})


def _judged(context: AuditContext, finding: Finding, absent: list[str]) -> Finding:
    """Return a difference, unless absent images, other papers or another version explain it.

    None of them explains a file that was changed since it was sealed, nor one that is made of such files.
    """
    if absent and finding.severity == "error" and not finding.place.startswith(FROM_SCORES):
        if (wrong := disproved(context, finding, finding.place)) is not None:
            return wrong
        if not follows_from_change(context, replace(finding, check=context.check)):
            found = f"{finding.place} could not be recomputed without images ({finding.found})"
            return absent_images(context, absent[0], found)
    return explained(context, finding, drawn=finding.place.endswith(_DRAWN))


def _not_recomputed(context: AuditContext, absent: list[str], names: list[str], error: UserError) -> Iterator[Finding]:
    """Yield why files could not be recomputed, and which of them were changed since they were sealed.

    Only an error that names absent images is excused by them: a damaged file of the folder is wrong without them, too.

    Raises:
        UserError: `error`, where no changed file and no absent images explain it.
    """
    if unreadable(error):
        raise error
    refused = own_code_refused("tables and figures", _EXPECTED, error)
    stopped = Finding("error", "tables and figures", _EXPECTED, f"not recomputed: {error}", check=context.check)
    prepared = next((folder for folder in absent if folder in str(error)), None)
    if refused is not None:
        yield refused
    elif prepared is not None:
        yield absent_images(context, prepared, f"tables and figures could not be recomputed without images ({error})")
    elif follows_from_change(context, stopped) or _names_damage(context, error):
        yield stopped
    else:
        raise error
    for name in names:
        if (wrong := disproved(context, Finding("error", name, _EXPECTED, "not recomputed"), name)) is not None:
            yield wrong


def _names_damage(context: AuditContext, error: UserError) -> bool:
    """Return whether an error is about a file of the folder that is recomputed from, which this version can read."""
    return str(error).startswith(INPUTS) and not context.other_software.medattn


def _difference(context: AuditContext, again: Recomputed, name: str) -> Finding | None:
    path, expected = context.results.folder / name, again.results.folder / name
    try:
        if not path.is_file():
            return Finding("error", name, "a file that follows from the runs", "no such file", _REMEDY)
        if read_bytes(path) != read_bytes(expected):
            return Finding("error", name, *_first_difference(expected, path), _REMEDY)
    except (UserError, OSError) as error:
        if (cause := unreadable(error)) is None:
            raise
        return unreadable_file(name, cause)
    return None


def _first_difference(expected: Path, found: Path) -> tuple[str, str]:
    """Return the first line that differs, as expected and found; for files that are not text, their hashes."""
    contents = [read_bytes(path) for path in (expected, found)]
    try:
        lines = [content.decode().splitlines() for content in contents]
    except UnicodeDecodeError:
        first, second = (hashlib.sha256(content).hexdigest() for content in contents)
        return f"{_EXPECTED}, SHA-256 {first}", f"other bytes, SHA-256 {second}"
    for number, (first, second) in enumerate(zip(*lines, strict=False), start=1):
        if first != second:
            return f"line {number}: {first}", f"line {number}: {second}"
    if len(lines[0]) == len(lines[1]):
        return f"{len(contents[0])} bytes", f"{len(contents[1])} bytes with other line ends"
    return f"{len(lines[0])} lines", f"{len(lines[1])} lines, the same at the start"
