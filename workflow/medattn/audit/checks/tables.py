"""Choices, measurements, comparisons, verdicts, tables, figures and captions come out again, byte for byte."""

from collections.abc import Iterator
from pathlib import Path

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.recomputed import recomputed, written_again

_ANEW = "run snakemake again: `--forcerun measure_runs` measures, compares and draws anew"
_COMPUTED = ("choices", "tables", "figures", "captions")


def check_tables(subject: AuditContext) -> Iterator[Finding]:
    """Compute everything that follows from the runs beside the folder, and compare it with what stands there."""
    folder = subject.results.folder
    with recomputed(subject) as again:
        names = list(written_again(again))
        for name in names:
            path = folder / name
            if not path.is_file():
                yield Finding("error", name, "a file that follows from the runs", "no such file", _ANEW)
            elif path.read_bytes() != (again.folder / name).read_bytes():
                yield Finding(
                    "error", name, "what follows from the runs", _first_difference(again.folder / name, path), _ANEW
                )
    for part in _COMPUTED:
        for path in sorted((folder / part).rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and name not in names:
                yield Finding("warning", name, "only what follows from this plan", "a file of its own", "remove it")


def _first_difference(expected: Path, found: Path) -> str:
    """Return the first line of a text that differs, or that the bytes do."""
    try:
        lines = [path.read_text(encoding="utf-8").splitlines() for path in (expected, found)]
    except UnicodeDecodeError:
        return "other bytes"
    for number, (first, second) in enumerate(zip(*lines, strict=False), start=1):
        if first != second:
            return f"line {number}: {second[:160]}"
    return f"{len(lines[1])} lines instead of {len(lines[0])}"
