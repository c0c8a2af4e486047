"""The life of a pack: its runs one after the other in one process, each finished and recorded on its own."""

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medattn.errors import UserError
from medattn.files import write_json
from medattn.layout import ResultPaths, RunPaths
from medattn.plan.model import Cell, Pack, Plan, Run
from medattn.plan.tuning_result import read_choice
from medattn.provenance.code import CODE_FOLDER, code_digest
from medattn.provenance.records import earlier_failures, failure_reason, read_record

if TYPE_CHECKING:  # these import torch, which a pack whose runs have all ended never needs
    from medattn.datasets.store import DataStore
    from medattn.training.device_context import DeviceContext
    from medattn.training.lease import Lease
    from medattn.training.run import Progress
    from medattn.training.stop import Stop

OUT_OF_MEMORY = "failed: out of memory"


class RunsFailedError(UserError):
    """Some runs of a pack failed; the others are finished and recorded."""


def train_pack(plan: Plan, pack: Pack, results: ResultPaths) -> None:
    """Train the runs of `pack` that have not ended yet, then say in the pack's file how each ended.

    A run whose loss is no number ends as `diverged` and the others go on. A run that fails (out of memory, a bug)
    leaves the reason in its failure.json, and the others go on.

    Raises:
        RunsFailedError: at the end, one line that names the runs that failed.
        UserError: something that stops every run: no disk space, no data, other code than the plan's.
    """
    _refuse_other_code(plan, pack)
    open_runs = [plan.runs[i] for i in pack.runs if not run_files(results, plan.runs[i]).record.exists()]
    failed = _train_all(plan, pack, open_runs, results) if open_runs else []
    if failed:
        first = results.run(*failed[0].split("/")).failure
        short = sum(failure_reason(run_files(results, plan.runs[i]).failure) == OUT_OF_MEMORY for i in failed)
        raise RunsFailedError(
            f"{len(failed)} of {len(pack.runs)} runs of the pack {pack.id} failed"
            + (f", {short} of them for want of memory" if short else "")
            + f"; the first says why: {first}"
        )
    for i in pack.runs:
        run_files(results, plan.runs[i]).sweep()
    write_json(
        results.pack(pack.id),
        {"pack": pack.id, "runs": {i: _ending(results, plan.runs[i]) for i in pack.runs}},
    )


def run_files(results: ResultPaths, run: Run) -> RunPaths:
    """Return the files of `run`."""
    return results.run(run.cell, run.name)


def train_as_worker(plan: Plan, pack: Pack, results: ResultPaths) -> None:
    """Train those open runs of `pack` that no other process works on, for the process that started this one.

    How runs ended is for that process to say.

    Raises:
        UserError: something that stops every run.
        StopRequested: this process, or the other one, was stopped.
    """
    from medattn.training.stop import stopping_on_signals

    open_runs = [plan.runs[i] for i in pack.runs if not run_files(results, plan.runs[i]).record.exists()]
    with stopping_on_signals(parent=os.getppid()) as stop:
        _train_until_asked_to_stop(plan, open_runs, results, len(pack.runs) - len(open_runs), stop, wait=False)


def _train_all(plan: Plan, pack: Pack, runs: list[Run], results: ResultPaths) -> list[str]:
    """Train the runs, several at once where that is asked for; return the ids of those that failed."""
    from medattn.training.stop import stopping_on_signals
    from medattn.training.workers import start_workers

    failed: list[str] = []
    with stopping_on_signals() as stop:
        count = min(plan.configuration["runs_at_once"], len(runs)) - 1
        if count:
            before = {run.id: _stamp(run_files(results, run).failure) for run in runs}
            with start_workers(results.plan, pack.id, count, stop):
                _train_until_asked_to_stop(plan, runs, results, len(pack.runs) - len(runs), stop, wait=False)
            # What is open still was in the hands of a companion that was killed, or of another job.
            runs = [run for run in runs if not run_files(results, run).record.exists()]
            failed = [run.id for run in runs if _stamp(run_files(results, run).failure) != before[run.id]]
            runs = [run for run in runs if run.id not in failed]
        already = len(pack.runs) - len(runs)
        return failed + _train_until_asked_to_stop(plan, runs, results, already, stop, wait=True)


def _stamp(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def _train_until_asked_to_stop(
    plan: Plan, runs: list[Run], results: ResultPaths, already: int, stop: "Stop", wait: bool
) -> list[str]:
    """Train the runs one after the other; return the ids of those that failed.

    Without `wait`, runs that another process works on are left to it, as are those that failed there meanwhile.
    """
    if not runs:
        return []
    with stop.deferred():
        from medattn.datasets.store import read_store
        from medattn.training.device_context import DeviceContext
        from medattn.training.lease import LeaseLostError, LeaseTakenError, hold_lease

    before = {run.id: _stamp(run_files(results, run).failure) for run in runs}

    device_context = DeviceContext.on(plan.configuration["device"], plan.configuration["cuda_graphs"])
    stores: dict[str, DataStore] = {}
    failed = []
    for number, run in enumerate(runs, start=already + 1):
        cell = plan.cells[run.cell]
        if cell.prepared not in stores:
            stores[cell.prepared] = read_store(Path(cell.prepared))
        files, label = run_files(results, run), f"[{number}/{already + len(runs)}] {run.id}"
        while True:
            try:
                with hold_lease(files, label, wait) as lease:
                    # Else another process was faster, or it has failed there just now.
                    if not files.record.exists() and (wait or _stamp(files.failure) == before[run.id]):
                        progress = _progress(label, stop, lease)
                        _train_one(
                            plan, run, cell, stores[cell.prepared], device_context, files, progress, label, results
                        )
            except LeaseTakenError:
                break
            except LeaseLostError as lost:
                print(lost, file=sys.stderr)
                continue  # to wait for the other one
            except UserError:
                raise
            except Exception as error:  # whatever it is, it must not take the other runs with it
                _note_failure(files, run, error)
                failed.append(run.id)
            stop.between_epochs()
            break
    return failed


def _train_one(
    plan: Plan,
    run: Run,
    cell: Cell,
    store: "DataStore",
    device_context: "DeviceContext",
    files: RunPaths,
    progress: "Progress",
    label: str,
    results: ResultPaths,
) -> None:
    data = Path(plan.configuration["data"])
    grid_point = run.grid_point if run.grid_point is not None else _chosen(results, cell, run)
    if isinstance(grid_point, str):
        from medattn.training.run_record import write_skipped

        write_skipped(files, run, cell, grid_point)
    elif cell.is_classifier:
        from medattn.training.classifier import train_classifier

        train_classifier(run, cell, grid_point, store, files)
    else:
        from medattn.training.run import train_run

        seconds = plan.configuration["checkpoint_seconds"]
        train_run(run, cell, grid_point, store, device_context, files, data, seconds, progress)
    record = read_record(files.record)
    ending = "" if record["status"] == "ok" else f", {record['status']}: {record['reason']}"
    print(f"{label}: {record['epochs']} epochs in {record['seconds']:.1f} s{ending}", file=sys.stderr)


def _chosen(results: ResultPaths, cell: Cell, run: Run) -> Mapping[str, Any] | str:
    """Return the grid point that was chosen for a measured run, or why none was."""
    if not cell.is_tuned:
        return {}
    choice = read_choice(results, cell, run.seed, run.fold)
    chosen: Mapping[str, Any] | str = choice["reason"] if choice["grid_point"] is None else choice["grid_point"]
    return chosen


def _refuse_other_code(plan: Plan, pack: Pack) -> None:
    for cell_id in dict.fromkeys(plan.runs[run].cell for run in pack.runs):
        settings = plan.cells[cell_id].settings
        if code_digest(*settings.code_names) != settings.code_digest:
            raise UserError(
                f"{cell_id}: the code has changed since the plan was made (in {CODE_FOLDER}); start snakemake anew, or "
                "run `medattn plan --write` again, then this; `medattn why` says what changed"
            )


def _ending(results: ResultPaths, run: Run) -> dict[str, Any]:
    record = read_record(run_files(results, run).record)
    return {"status": record["status"], "epochs": record["epochs"], "seconds": record["seconds"]}


def _note_failure(files: RunPaths, run: Run, error: Exception) -> None:
    import traceback

    from medattn.training.run_record import now

    reason = "out of memory" if _is_out_of_memory(error) else f"{type(error).__name__}: {error}"
    print(f"{run.id}: failed: {' '.join(reason.split())[:300]}", file=sys.stderr)
    details = "".join(traceback.format_exception(error))
    note = {"run": run.id, "reason": reason, "failed": now(), "traceback": details}
    write_json(files.failure, {**note, "earlier": earlier_failures(files.failure)})


def _is_out_of_memory(error: Exception) -> bool:
    """Whether memory of the device or of the host was wanting; PyTorch says the latter in words only."""
    named = type(error).__name__ == "OutOfMemoryError" or isinstance(error, MemoryError)
    return named or (isinstance(error, RuntimeError) and "can't allocate memory" in str(error))


def _progress(label: str, stop: "Stop", lease: "Lease") -> "Progress":
    """Return what is called after each epoch: it prints how far a run is, at most every ten seconds.

    Raises:
        LeaseLostError: when called, another process has the run.
        StopRequested: when called, this process was asked to stop.
    """
    last = time.monotonic()

    def show(done: int, epochs: int) -> None:
        nonlocal last
        lease.check()
        if done < epochs:  # else the run ends first
            stop.between_epochs()
        if time.monotonic() - last >= 10 and done < epochs:
            last = time.monotonic()
            print(f"{label}: epoch {done} of {epochs}", file=sys.stderr)

    return show
