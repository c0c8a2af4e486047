"""What Snakemake noted of the jobs that made the files: each finished, with the plan as its parameter."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.errors import UserError
from medattn.files import read_json
from medattn.layout import ResultPaths

_LONGEST = 255  # bytes of a file name


def check_snakemake(subject: AuditContext) -> Iterator[Finding]:
    """Read .snakemake/metadata where the commands run; what was made by hand has none, and that is no fault."""
    notes = subject.root / ".snakemake" / "metadata"
    selection = subject.configuration.selection
    planned = ResultPaths(Path(selection.results) / selection.selection)
    if not notes.is_dir():
        yield Finding("info", str(notes), "Snakemake's notes", "none: made by hand, or elsewhere")
        return
    by_hand = []
    for name in _outputs(subject):
        path = _note(notes, str(planned.folder / name))
        if not path.is_file():
            by_hand.append(name)
            continue
        try:
            yield from _of_output(name, read_json(path), str(planned.plan))
        except (UserError, KeyError, TypeError, ValueError) as error:
            yield Finding("warning", name, "a note of Snakemake's", f"{type(error).__name__}: {error}")
    if by_hand:
        found = f"none for {len(by_hand)} files, such as {by_hand[0]}: made by hand, or elsewhere"
        yield Finding("info", str(notes), "Snakemake's notes", found)


def _outputs(subject: AuditContext) -> Iterator[str]:
    """Yield the files that jobs of training, choosing and measuring make, of those that are there."""
    results = subject.results
    groups = {cell.group for cell in subject.plan.cells.values() if cell.missing is None and cell.is_tuned}
    paths = [
        *(results.pack(pack) for pack in subject.plan.packs),
        *(results.tuned(group) for group in sorted(groups)),
    ]
    for path in [*paths, results.measurements, results.comparisons]:
        if path.is_file():
            yield path.relative_to(results.folder).as_posix()


def _of_output(name: str, note: dict[str, Any], plan: str) -> Iterator[Finding]:
    again = "run snakemake again, which then finishes or repeats the job"
    if note["incomplete"]:
        yield Finding("warning", name, "a job that finished", "one that did not", again)
    elif note["starttime"] > note["endtime"]:
        yield Finding("warning", name, "a job that ended after its start", "one that ended before", again)
    if repr(plan) not in note["params"]:
        yield Finding("warning", name, f"made with the plan {plan}", f"made with {note['params']}", again)


def _note(notes: Path, output: str) -> Path:
    """Return where Snakemake notes what made an output: the path in base 64, in folders where it is long."""
    rest, folder = base64.b64encode(output.encode()).decode(), notes
    while len(rest) > _LONGEST:
        folder, rest = folder / f"@{rest[: _LONGEST - 1]}", rest[_LONGEST - 1 :]
    return folder / rest
