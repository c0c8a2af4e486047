"""Recompute tuning results, measurements, comparisons, verdicts, the answer, tables and figures from the runs alone."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from medattn.answer.table import write_answer
from medattn.audit.context import AuditContext
from medattn.compare.table import write_comparisons
from medattn.errors import UserError
from medattn.judge.table import write_claims
from medattn.layout import ResultPaths
from medattn.measure.collect import write_measurements
from medattn.plan.tuning_result import tuned_cells
from medattn.render.inputs import read_inputs
from medattn.render.render_selection import render
from medattn.tuning.choose import write_choices

# The recomputation reads these; everything else is computed from them.
INPUTS = ("runs", "plan.json", "complexity.csv")
# Without images, these are computed nevertheless: they follow from the kept scores alone.
FROM_SCORES = ("tuned/", "measurements.csv", "epochs.csv", "readings.csv")


@dataclass(frozen=True)
class Recomputed:
    """Results recomputed in a temporary folder.

    Attributes:
        results: paths of the files in the folder.
        stopped: why the steps stopped before the last file; None if everything was recomputed.
    """

    results: ResultPaths
    stopped: UserError | None

    def files(self) -> Iterator[str]:
        """Yield the names of the recomputed files, without the links to their inputs."""
        for path in sorted(self.results.folder.rglob("*")):
            if not path.is_symlink() and path.is_file():
                yield path.relative_to(self.results.folder).as_posix()


@contextmanager
def recomputed(context: AuditContext) -> Iterator[Recomputed]:
    """Yield everything that follows from the runs, recomputed in a temporary folder; its inputs are symbolic links."""
    with tempfile.TemporaryDirectory(prefix="medattn-audit-") as name:
        again = ResultPaths(Path(name) / context.results.folder.name)
        again.folder.mkdir()
        for part in INPUTS:
            original = context.results.folder / part
            if original.exists():
                (again.folder / part).symlink_to(original.resolve())
        stopped = None
        try:
            for step in _steps(context, again):
                step()
        except UserError as error:
            stopped = UserError(str(error).replace(f"{again.folder}/", ""))
            stopped.__cause__ = error
        yield Recomputed(again, stopped)


def _steps(context: AuditContext, again: ResultPaths) -> Iterator[Callable[[], object]]:
    plan, configuration, root = context.plan, context.configuration, context.root
    for group in sorted({cell.group for cell in tuned_cells(plan, context.results)}):
        yield lambda group=group: write_choices(plan, group, again)  # type: ignore[misc]
    yield lambda: write_measurements(plan, again)
    yield lambda: write_comparisons(again, configuration, root)
    yield lambda: write_claims(again, configuration, plan, root)
    yield lambda: write_answer(again, configuration)
    yield lambda: render(read_inputs(again, configuration, root))
