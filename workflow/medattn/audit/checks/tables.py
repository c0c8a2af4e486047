"""Tuning results, measurements, comparisons, verdicts, tables and figures follow from the runs, byte for byte."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.obstacles import absent_images, disproved, explained, unreadable, unreadable_file
from medattn.audit.recomputed import FROM_SCORES, Recomputed, recomputed
from medattn.errors import UserError
from medattn.reading import read_bytes

_REMEDY = "run `medattn measure`, `compare`, `judge`, `answer` and `render` again, each with `--plan {plan}`"
_COMPUTED = ("tuned", "tables", "figures", "captions")
_EXPECTED = "the file that follows from the runs"
_DRAWN = (".svg", ".png")


def check_tables(context: AuditContext) -> Iterator[Finding]:
    """Recompute everything that follows from the runs in a temporary folder, and compare it with the results folder."""
    absent = context.absent_data()
    with recomputed(context) as again:
        names = list(again.files())
        for name in names:
            if (finding := _difference(context, again, name)) is None:
                context.examined.update(files=1)
            elif absent and finding.severity == "error" and not name.startswith(FROM_SCORES):
                yield disproved(context, finding, name) or _without_images(context, absent, name, finding.found)
            else:
                yield explained(context, finding, drawn=name.endswith(_DRAWN))
        if again.stopped is not None:
            if not absent or unreadable(again.stopped):
                raise again.stopped
            yield _without_images(context, absent, "tables and figures", str(again.stopped))
            return
    for part in _COMPUTED:
        for path in sorted((context.results.folder / part).rglob("*")):
            name = path.relative_to(context.results.folder).as_posix()
            if path.is_file() and name not in names:
                other = Finding(
                    "warning",
                    name,
                    "only files that follow from this plan",
                    "another file",
                    "move it out of the folder",
                )
                yield explained(context, other)


def _without_images(context: AuditContext, absent: list[str], part: str, found: str) -> Finding:
    return absent_images(context, absent[0], f"{part} could not be recomputed without images ({found})")


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
