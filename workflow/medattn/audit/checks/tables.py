"""Tuning results, measurements, comparisons, verdicts, tables and figures follow from the runs, byte for byte."""

from collections.abc import Iterator
from pathlib import Path

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.recomputed import recomputed, recomputed_files
from medattn.errors import UserError

_REMEDY = "run `snakemake --forcerun measure_runs`, which measures, compares and renders again"
_COMPUTED = ("tuned", "tables", "figures", "captions")


def check_tables(context: AuditContext) -> Iterator[Finding]:
    """Recompute everything that follows from the runs in a temporary folder, and compare it with the results folder."""
    try:
        yield from _differences(context)
    except UserError as error:
        if not (absent := context.absent_data()):
            raise
        remedy = f"run `medattn fetch` for {', '.join(absent)}, then audit again"
        yield Finding("unchecked", "tables/", "images to recompute results from", str(error), remedy)


def _differences(context: AuditContext) -> Iterator[Finding]:
    folder = context.results.folder
    with recomputed(context) as again:
        names = list(recomputed_files(again))
        for name in names:
            path = folder / name
            if not path.is_file():
                yield Finding("error", name, "a file that follows from the runs", "no such file", _REMEDY)
            elif path.read_bytes() != (again.folder / name).read_bytes():
                yield Finding(
                    "error",
                    name,
                    "the file that follows from the runs",
                    _first_difference(again.folder / name, path),
                    _REMEDY,
                )
    for part in _COMPUTED:
        for path in sorted((folder / part).rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and name not in names:
                yield Finding("warning", name, "only files that follow from this plan", "another file", "remove it")


def _first_difference(expected: Path, found: Path) -> str:
    """Return the first line that differs; for files that are not text, that the bytes differ."""
    try:
        lines = [path.read_text(encoding="utf-8").splitlines() for path in (expected, found)]
    except UnicodeDecodeError:
        return "other bytes"
    for number, (first, second) in enumerate(zip(*lines, strict=False), start=1):
        if first != second:
            return f"line {number}: {second[:160]}"
    return f"{len(lines[1])} lines instead of {len(lines[0])}"
