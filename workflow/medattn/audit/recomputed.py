"""Choices, measurements, comparisons, verdicts, tables and figures, computed again from the runs alone."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medattn.audit.context import AuditContext
from medattn.compare.table import write_comparisons
from medattn.judge.table import write_claims
from medattn.layout import ResultPaths
from medattn.measure.collect import write_measurements
from medattn.render.inputs import read_inputs
from medattn.render.render_selection import render
from medattn.tuning.choose import write_choices

# What is computed from the runs; the rest of the folder is the ground that it stands on.
_GROUND = ("runs", "plan.json", "complexity.csv")


@contextmanager
def recomputed(subject: AuditContext) -> Iterator[ResultPaths]:
    """Give a temporary folder with everything that follows from the runs, computed again; links lead to the rest.

    Raises:
        UserError: what a step reads is missing or damaged.
    """
    with tempfile.TemporaryDirectory(prefix="medattn-audit-") as name:
        again = ResultPaths(Path(name) / subject.results.folder.name)
        again.folder.mkdir()
        for part in _GROUND:
            original = subject.results.folder / part
            if original.exists():
                (again.folder / part).symlink_to(original.resolve())
        plan = subject.plan
        for group in sorted({c.group for c in plan.cells.values() if c.missing is None and c.is_tuned}):
            write_choices(plan, group, again)
        write_measurements(plan, again)
        write_comparisons(again, subject.configuration)
        write_claims(again, subject.configuration, plan, subject.root)
        render(read_inputs(again, subject.configuration, subject.root))
        yield again


def written_again(again: ResultPaths) -> Iterator[str]:
    """Yield the names of the files that were computed, without the links to what they were computed from."""
    for path in sorted(again.folder.rglob("*")):
        if not path.is_symlink() and path.is_file():
            yield path.relative_to(again.folder).as_posix()
