"""Recompute tuning results, measurements, comparisons, verdicts, the answer, tables and figures from the runs alone."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medattn.answer.table import write_answer
from medattn.audit.context import AuditContext
from medattn.compare.table import write_comparisons
from medattn.judge.table import write_claims
from medattn.layout import ResultPaths
from medattn.measure.collect import write_measurements
from medattn.plan.tuning_result import tuned_cells
from medattn.render.inputs import read_inputs
from medattn.render.render_selection import render
from medattn.tuning.choose import write_choices

# The recomputation reads these; everything else is computed from them.
_INPUTS = ("runs", "plan.json", "complexity.csv")


@contextmanager
def recomputed(context: AuditContext) -> Iterator[ResultPaths]:
    """Yield a temporary folder with everything that follows from the runs, recomputed; its inputs are symbolic links.

    Raises:
        UserError: a file that a step reads is missing or damaged.
    """
    with tempfile.TemporaryDirectory(prefix="medattn-audit-") as name:
        again = ResultPaths(Path(name) / context.results.folder.name)
        again.folder.mkdir()
        for part in _INPUTS:
            original = context.results.folder / part
            if original.exists():
                (again.folder / part).symlink_to(original.resolve())
        plan = context.plan
        for group in sorted({cell.group for cell in tuned_cells(plan, context.results)}):
            write_choices(plan, group, again)
        write_measurements(plan, again)
        write_comparisons(again, context.configuration, context.root)
        write_claims(again, context.configuration, plan, context.root)
        write_answer(again, context.configuration)
        render(read_inputs(again, context.configuration, context.root))
        yield again


def recomputed_files(again: ResultPaths) -> Iterator[str]:
    """Yield the names of the recomputed files, without the links to their inputs."""
    for path in sorted(again.folder.rglob("*")):
        if not path.is_symlink() and path.is_file():
            yield path.relative_to(again.folder).as_posix()
