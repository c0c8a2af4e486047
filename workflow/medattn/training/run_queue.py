"""Training of runs one after the other in one process, each under its lease."""

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from medattn.datasets.store import DataStore, read_store
from medattn.errors import UserError
from medattn.log import logged_run
from medattn.plan.model import Cell, Run
from medattn.plan.tuning_result import read_choice
from medattn.provenance.records import read_record
from medattn.training.device_context import DeviceContext
from medattn.training.failures import FailureWatch, write_failure
from medattn.training.fence import fenced
from medattn.training.lease import Lease, LeaseLostError, LeaseTakenError, hold_lease
from medattn.training.stop import Stop
from medattn.training.task import PackTask, RunTask, TrainingOptions

log = logging.getLogger(__name__)

_SECONDS_BETWEEN_LINES = 10


class RunQueue:
    """Runs of a pack that this process trains one after the other; they share its device and its data sets.

    Args:
        task: the pack.
        stop: request to stop this process.
        wait: whether to wait for runs that other processes have leased. Without it, such runs are left to them, also
            where they fail there.
    """

    def __init__(self, task: PackTask, stop: Stop, wait: bool) -> None:
        configuration = task.plan.configuration
        self._task, self._stop, self._wait = task, stop, wait
        self._device_context = DeviceContext.on(configuration["device"], configuration["cuda_graphs"])
        self._options = TrainingOptions(Path(configuration["data"]), configuration.get("checkpoint", "auto"))
        self._stores: dict[str, DataStore] = {}

    def train(self, runs: Sequence[Run]) -> list[Run]:
        """Train the runs in their order; return those that failed.

        Raises:
            UserError: something that stops every run.
            StopRequested: this process was asked to stop.
        """
        watch, failed = FailureWatch(self._task, runs), []
        total = len(self._task.runs)
        for number, run in enumerate(runs, start=total - len(runs) + 1):
            with logged_run(f"[{number}/{total}] {run.id}"):
                if not self._train_leased(run, watch):
                    failed.append(run)
            self._stop.between_epochs()
        return failed

    def _train_leased(self, run: Run, watch: FailureWatch) -> bool:
        """Train a run under its lease, unless another process finishes it first; return whether it did not fail."""
        cell, files = self._task.plan.cells[run.cell], self._task.files(run)
        if cell.prepared not in self._stores:
            self._stores[cell.prepared] = read_store(Path(cell.prepared))
        while True:
            try:
                with hold_lease(files, self._wait) as lease:
                    if files.record.exists():
                        files.sweep()
                    elif self._wait or not watch.has_failed(run):
                        with fenced(files, lease):
                            finished = self._train_or_note_failure(run, cell, lease)
                        lease.check()  # the last file may have been written after another process took over
                        return finished
                return True
            except LeaseTakenError:
                return True
            except LeaseLostError as lost:
                log.warning("%s", lost)  # the next round waits for the other process, and removes what this one left

    def _train_or_note_failure(self, run: Run, cell: Cell, lease: Lease) -> bool:
        """Train a run; write its failure.json and return False where it fails."""
        try:
            self._train(run, cell, lease)
        except UserError:
            raise
        except Exception as error:  # no failure of one run may stop the others
            write_failure(self._task, run, error)
            return False
        return True

    def _train(self, run: Run, cell: Cell, lease: Lease) -> None:
        files = self._task.files(run)
        grid_point = run.grid_point if run.grid_point is not None else self._chosen_grid_point(run, cell)
        if isinstance(grid_point, str):
            from medattn.training.run_record import write_skipped

            write_skipped(files, run, cell, grid_point)
        else:
            task = RunTask(run, cell, grid_point, self._stores[cell.prepared], files)
            if cell.is_classifier:
                from medattn.training.classifier import train_classifier

                train_classifier(task)
            else:
                from medattn.training.run import train_run

                self._stop.expect_epoch(None)
                train_run(task, self._device_context, self._options, EpochProgress(self._stop, lease))
        record = read_record(files.record)
        ending = "" if record["status"] == "ok" else f", {record['status']}: {record['reason']}"
        log.info("%d epochs in %.1f s%s", record["epochs"], record["seconds"], ending)

    def _chosen_grid_point(self, run: Run, cell: Cell) -> Mapping[str, Any] | str:
        """Return the grid point that cross-validation chose for a measured run, or why it chose none."""
        if not cell.is_tuned:
            return {}
        choice = read_choice(self._task.results, cell, run.seed, run.fold)
        chosen: Mapping[str, Any] | str = choice["reason"] if choice["grid_point"] is None else choice["grid_point"]
        return chosen


class EpochProgress:
    """Callback after each epoch of a run: checks lease and stop requests, and logs progress every ten seconds."""

    def __init__(self, stop: Stop, lease: Lease) -> None:
        self._stop, self._lease = stop, lease
        self._logged_at = self._epoch_ended_at = time.monotonic()
        self._logged_epoch: int | None = None

    def __call__(self, epoch: int, epochs: int) -> None:
        """Check lease and stop requests after `epoch` of `epochs`, and log progress.

        Raises:
            LeaseLostError: another process has taken over the run.
            StopRequested: this process was asked to stop.
        """
        now = time.monotonic()
        self._stop.expect_epoch(now - self._epoch_ended_at if epoch < epochs else None)
        self._epoch_ended_at = now
        self._lease.check()
        if epoch == epochs:  # the run ends first
            return
        self._stop.between_epochs()
        if self._logged_epoch is None:
            self._logged_epoch = epoch - 1  # a resumed run does not begin with epoch 1
        seconds = now - self._logged_at
        if seconds >= _SECONDS_BETWEEN_LINES:
            log.info("epoch %d/%d, %.1f s/epoch", epoch, epochs, seconds / (epoch - self._logged_epoch))
            self._logged_at, self._logged_epoch = now, epoch
