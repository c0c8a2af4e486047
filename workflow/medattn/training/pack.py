"""Training of a pack: open runs, one or several at a time, then the file that lists how each run ended."""

import os
from typing import TYPE_CHECKING, Any

from medattn.errors import UserError
from medattn.files import write_json
from medattn.layout import ResultPaths
from medattn.plan.model import Pack, Plan, Run
from medattn.provenance.code import CODE_FOLDER, code_digest, current_sources
from medattn.provenance.records import read_record
from medattn.training.failures import FailureWatch, runs_failed
from medattn.training.task import PackTask

if TYPE_CHECKING:
    from medattn.training.stop import Stop


class _RecordsChangedError(Exception):
    """Change of a record since the file that lists it was filled."""


def train_pack(plan: Plan, pack: Pack, results: ResultPaths) -> None:
    """Train the open runs of `pack`, then write how each run ended to the pack's file.

    A run with a loss that is NaN or infinite ends as `diverged`. A run that fails (out of memory, a bug) leaves the
    reason in its failure.json. Neither stops the other runs.

    Raises:
        RunsFailedError: some runs failed; raised at the end, after all others were trained.
        UserError: no run can be trained: no disk space, no data, other code than the plan's.
    """
    task = PackTask(plan, pack, results)
    _refuse_other_code(task)
    if open_runs := task.open_runs():
        failed = _train_open_runs(task, open_runs)
        if failed:
            raise runs_failed(task, failed)
    for run in task.runs:
        task.files(run).sweep()
    _write_endings(task)


def train_as_worker(plan: Plan, pack: Pack, results: ResultPaths) -> None:
    """Train the open runs of `pack` that no other process has leased; entry point of a worker.

    The process that started the worker reports how the runs ended.

    Raises:
        UserError: no run can be trained.
        StopRequested: this process, or the one that started it, was stopped.
    """
    from medattn.training.stop import stopping_on_signals

    task = PackTask(plan, pack, results)
    with stopping_on_signals(parent=os.getppid()) as stop:
        _train_in_order(task, task.open_runs(), stop, wait=False)


def _train_open_runs(task: PackTask, runs: list[Run]) -> list[Run]:
    """Train the runs, several at a time where the configuration asks for it; return those that failed."""
    from medattn.training.stop import stopping_on_signals
    from medattn.training.workers import start_workers

    failed: list[Run] = []
    with stopping_on_signals() as stop:
        count = min(task.plan.configuration["runs_at_once"], len(runs)) - 1
        if count:
            watch = FailureWatch(task, runs)
            with start_workers(task.results.plan, task.pack.id, count, stop):
                _train_in_order(task, runs, stop, wait=False)
            still_open = task.open_runs()
            failed = [run for run in still_open if watch.has_failed(run)]
            # A worker that was killed, or another job, has leased the other ones.
            runs = [run for run in still_open if run not in failed]
        return failed + _train_in_order(task, runs, stop, wait=True)


def _train_in_order(task: PackTask, runs: list[Run], stop: "Stop", wait: bool) -> list[Run]:
    if not runs:
        return []
    with stop.deferred():
        from medattn.training.run_queue import RunQueue

    return RunQueue(task, stop, wait).train(runs)


def _refuse_other_code(task: PackTask) -> None:
    sources = current_sources()
    for cell_id in dict.fromkeys(run.cell for run in task.runs):
        settings = task.plan.cells[cell_id].settings
        if code_digest(*settings.code_names, None, sources) != settings.code_digest:
            raise UserError(
                f"{cell_id}: the code has changed since the plan was made (in {CODE_FOLDER}); restart snakemake, or "
                "run `medattn plan --write` and then this command again; `medattn why` lists the changes"
            )


def _write_endings(task: PackTask) -> None:
    """Write the pack's file from records that are still the same when it gets its name."""
    while True:
        endings = {run.id: _ending(task, run) for run in task.runs}

        def confirm(written: dict[str, Any] = endings) -> None:
            if {run.id: _ending(task, run) for run in task.runs} != written:
                raise _RecordsChangedError

        try:
            write_json(task.results.pack(task.pack.id), {"pack": task.pack.id, "runs": endings}, confirm)
        except _RecordsChangedError:
            continue
        return


def _ending(task: PackTask, run: Run) -> dict[str, Any]:
    record = read_record(task.files(run).record)
    return {"status": record["status"], "epochs": record["epochs"], "seconds": record["seconds"]}
