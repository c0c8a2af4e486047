"""Reasons to retrain a run: differences between the plan and the records of earlier trainings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from medattn.errors import UserError
from medattn.layout import ResultPaths
from medattn.plan.differences import Difference, differences
from medattn.plan.model import Cell, Run
from medattn.plan.run_settings import run_settings
from medattn.plan.tuning_result import read_choice
from medattn.provenance.code import code_modules
from medattn.provenance.records import failure_reason, read_record

WHY_COLUMNS = ("run", "decision", "reason", "compared", "key", "before", "now")
_CHOICES = "the protocol, grid or first seed, which choose its grid point or its epochs"


@dataclass(frozen=True)
class Explanation:
    """Why a run has to be trained again, or why not.

    Attributes:
        run: id of the run.
        decision: whether it is trained.
        reason: why, as the end of a sentence.
        compared: id of the earlier run that differs least; empty if none was compared.
        differences: what differs from that run; if nothing does, the run differs in what chooses its settings.
    """

    run: str
    decision: Literal["not retrained", "skipped", "to be trained", "in progress"]
    reason: str
    compared: str = ""
    differences: tuple[Difference, ...] = ()

    def lines(self) -> Iterator[str]:
        """Yield the explanation for the terminal, with a line for each difference."""
        yield f"{self.run}: {self.decision}: {f'{self.compared} differs in' if self.compared else self.reason}"
        yield from (f"  {difference}" for difference in self.differences)
        if self.compared and not self.differences:
            yield f"  {_CHOICES}"

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield a row for each difference, or one row without a difference; columns as in WHY_COLUMNS."""
        own = {"run": self.run, "decision": self.decision, "reason": self.reason, "compared": self.compared}
        for difference in self.differences or (Difference(_CHOICES if self.compared else "", None, None),):
            yield {**own, "key": difference.key, "before": difference.before, "now": difference.after}


def explain(run: Run, cell: Cell, results: ResultPaths) -> Explanation:
    """Explain whether a run has to be trained, and why.

    Raises:
        UserError: the record of the run or its failure is damaged.
    """
    files = results.run(run.folder, run.name)
    if files.record.is_file():
        status = read_record(files.record)["status"]
        return Explanation(run.id, "not retrained", f"it finished ({status}) with these settings, code and images")
    if cell.missing is not None:
        return Explanation(run.id, "skipped", cell.missing)
    if files.failure.is_file():
        return Explanation(run.id, "to be trained", f"its last attempt {failure_reason(files.failure)}")
    if files.checkpoint.is_file():
        return Explanation(run.id, "in progress", "it resumes from its last checkpoint")
    earlier = list(_earlier(run, results))
    if not earlier:
        return Explanation(run.id, "to be trained", "no training of this cell, stage, seed and fold was found")
    point = _grid_point(run, cell, results)
    found = [(record, tuple(_differences(run, cell, point, record))) for record in earlier]
    record, nearest = min(found, key=lambda pair: len(pair[1]))
    return Explanation(run.id, "to be trained", "an earlier run differs", record["run"], nearest)


def _earlier(run: Run, results: ResultPaths) -> Iterator[dict[str, Any]]:
    """Yield the records of the same cell, stage, seed and fold, newest last."""
    found = []
    for path in (results.folder / "runs" / run.cell).glob("*/record.json"):
        try:
            record = read_record(path)
        except UserError:
            continue
        if all(record.get(key) == getattr(run, key) for key in ("stage", "seed", "fold")) and "configuration" in record:
            found.append(record)
    yield from sorted(found, key=lambda record: str(record.get("finished", "")))


def _grid_point(run: Run, cell: Cell, results: ResultPaths) -> Mapping[str, Any] | None:
    """Return the grid point of a run; None if it has not been chosen yet."""
    if run.grid_point is not None or not cell.is_tuned:
        return run.grid_point or {}
    try:
        point: Mapping[str, Any] | None = read_choice(results, cell, run.seed, run.fold)["grid_point"]
    except UserError:
        return None
    return point


def _differences(
    run: Run, cell: Cell, point: Mapping[str, Any] | None, record: Mapping[str, Any]
) -> Iterator[Difference]:
    """Yield differences in settings, images and code between the plan and a record, except open choices."""
    configuration = record["configuration"]
    now = run_settings(cell, run, configuration["grid_point"] if point is None else point)
    yield from differences(configuration, now)
    yield from differences(record["data"]["entry_sha256"], cell.settings.entry_sha256, "images (hash of their entry)")
    if record["code"]["digest"] != cell.settings.code_digest:
        yield from _modules(record["code"], cell)


def _modules(code: Mapping[str, Any], cell: Cell) -> Iterator[Difference]:
    """Yield the modules of the code that differ, or the digests if the record lists no modules."""
    before = code.get("modules")
    if not isinstance(before, Mapping):
        yield Difference("code", str(code["digest"])[:12], str(cell.settings.code_digest)[:12])
        return
    now = {name: sha256[:12] for name, sha256 in code_modules(*cell.settings.code_names).items()}
    yield from (Difference(f"code of {d.key}", d.before, d.after) for d in _by_name(before, now))


def _by_name(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    for name in dict.fromkeys([*before, *now]):
        if before.get(name) != now.get(name):
            yield Difference(name, before.get(name), now.get(name))
