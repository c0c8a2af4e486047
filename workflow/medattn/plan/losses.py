"""Numbers of a results folder that a new plan would leave out of its tables."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from medattn.errors import UserError
from medattn.layout import ResultPaths
from medattn.plan.differences import differences
from medattn.plan.earlier_rows import earlier_rows
from medattn.plan.model import CellKey, Plan, run_key
from medattn.plan.plan_file import read_plan
from medattn.plan.run_folders import RunFolders
from medattn.reading import read_csv

ALLOW = "--allow-fewer (with snakemake: --config allow_fewer=true)"
"""How to go on with fewer numbers, for messages."""
_SHOWN = 3


@dataclass(frozen=True)
class Loss:
    """A finished run, or a metric of a cell, that the results have and a new plan leaves out.

    Attributes:
        what: the run or the metric.
        cell: id of the cell.
        reason: why it would go.
    """

    what: str
    cell: str
    reason: str


@dataclass(frozen=True)
class _Measured:
    """A measured value of measurements.csv: its cell, metric and runs."""

    cell: str
    metric: str
    runs: tuple[str, ...]


def frozen_plan(results: ResultPaths) -> Plan | None:
    """Return the plan in a results folder; None if there is none that this version can read."""
    if not results.plan.is_file():
        return None
    try:
        return read_plan(results.plan)
    except UserError:
        return None


def losses(before: Plan | None, now: Plan, results: ResultPaths) -> list[Loss]:
    """Return the finished runs and measured metrics of a results folder that a new plan leaves out.

    Args:
        before: the plan in the folder; None where it can't be read.
        now: the new plan.
        results: the folder.
    """
    folders = RunFolders(results)
    found = list(_runs_left_out(before, now, folders)) if before else []
    if before is None and not _tells_what_it_has(results):
        found += _unplanned_runs(now, folders)
    known = {loss.what for loss in found}
    planned = {cell: {run.key: run for run in now.runs_of(cell, "train")} for cell in now.cells}
    for value in _measured(results):
        cell = now.cells.get(value.cell)
        if cell is not None and value.metric not in cell.metrics:
            reason = f"the metric {value.metric} is not asked for"
            found.append(Loss(f"{value.metric} of {value.cell}", value.cell, reason))
        for run_id in value.runs:
            name = run_id.partition("/")[2]
            run = planned.get(value.cell, {}).get(run_key(name))
            if run is None and run_id not in known:
                found.append(Loss(run_id, value.cell, _reason(before, now, value.cell, name)))
            elif run is not None and cell is not None and cell.missing and not folders.has_finished(run):
                found.append(Loss(run_id, value.cell, f"its record is gone, and it can't be trained: {cell.missing}"))
    return list(dict.fromkeys(found))


def refuse_losses(found: list[Loss], results: ResultPaths) -> None:
    """Refuse to go on with fewer numbers.

    Raises:
        UserError: there are losses; one line says which and why.
    """
    if found:
        raise UserError(
            f"{results.folder}: stopped, because {loss_words(found)} would leave the results; nothing was changed: "
            f"undo the cause, give the selection another name, or repeat the command with {ALLOW}"
        )


def loss_words(found: list[Loss]) -> str:
    """Return the number of losses with their reasons: "3 finished numbers of 1 cell (a.b.c: its seed ...)"."""
    by_reason: dict[str, list[str]] = {}
    for loss in found:
        by_reason.setdefault(loss.reason, [])
        if loss.cell not in by_reason[loss.reason]:
            by_reason[loss.reason].append(loss.cell)
    parts = [f"{_listed(cells)}: {reason}" for reason, cells in by_reason.items()]
    more = f"; and {len(parts) - _SHOWN} further reasons" if len(parts) > _SHOWN else ""
    cells = len({loss.cell for loss in found})
    return (
        f"{len(found)} finished {'run or metric' if len(found) == 1 else 'runs or metrics'} of {cells} "
        f"{'cell' if cells == 1 else 'cells'} ({'; '.join(parts[:_SHOWN])}{more})"
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _runs_left_out(before: Plan, now: Plan, folders: RunFolders) -> Iterator[Loss]:
    names: dict[str, set[str]] = {}
    for run in now.runs.values():
        for cell in run.cells:
            names.setdefault(cell, set()).add(run.key)
    for run in before.runs.values():
        if folders.has_finished(run):
            for cell in run.cells:
                if run.key not in names.get(cell, ()):
                    yield Loss(run.id, cell, _reason(before, now, cell, run.name))


def _tells_what_it_has(results: ResultPaths) -> bool:
    """Return whether no file is damaged that tells the runs of a results folder without a plan that can be read."""
    if not results.measurements.exists():
        return not results.plan.exists()
    try:
        read_csv(results.measurements, [*CellKey.__dataclass_fields__, "metric", "runs"])
    except UserError:
        return False
    return True


def _unplanned_runs(now: Plan, folders: RunFolders) -> Iterator[Loss]:
    """Yield the finished runs that the new plan does not have, where nothing else tells which runs the results had."""
    keys = {run.key for run in now.runs.values()}
    for folder, name in folders.finished():
        if run_key(name) not in keys:
            yield Loss(f"{folder}/{name}", folder, "not planned, and the plan or table that listed it can't be read")


def _reason(before: Plan | None, now: Plan, cell: str, name: str) -> str:
    """Say why a run of a cell is not in the new plan."""
    if cell not in now.cells:
        return "not in the selection"
    old = None if before is None else before.cells.get(cell)
    if old is None:
        return "other settings, code or images"
    new = now.cells[cell]
    if old.stand_in != new.stand_in:
        return "stand-ins replace its images" if new.stand_in else "real images replace its stand-ins"
    return ", ".join(_changed(old.settings.to_json(), new.settings.to_json())) or _other_runs(now, cell, name)


def _changed(before: dict[str, object], now: dict[str, object]) -> Iterable[str]:
    words = {"code_digest": "the code has changed", "entry_sha256": "its images or their settings have changed"}
    found = [words.get(change.key, str(change)) for change in differences(before, now)]
    return [*found[:_SHOWN], *([f"{len(found) - _SHOWN} more changes"] if len(found) > _SHOWN else [])]


def _other_runs(now: Plan, cell: str, name: str) -> str:
    """Say why a run of a cell with unchanged settings is not planned: its own seed, or the seed whose runs choose."""
    seeds = {f"s{run.seed}" for run in now.runs.values() if cell in run.cells}
    seed = name.split("-")[1] if name.count("-") > 1 else ""
    return "the seeds that choose its settings have changed" if seed in seeds else f"seed {seed[1:]} is not asked for"


def _measured(results: ResultPaths) -> Iterator[_Measured]:
    """Yield the measured values of single runs in measurements.csv; none if there is no such file."""
    for row in earlier_rows(results.measurements):
        if row.get("status") == "measured" and row.get("procedure") in ("epochs", "fold"):
            with suppress(KeyError):  # `medattn measure` and the audit report a damaged table
                key = CellKey.of_row(row)
                yield _Measured(key.id, row["metric"], tuple(row["runs"].split(";")))
