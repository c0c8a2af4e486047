"""Failed runs: the failure.json of each, and the error of a pack that has some."""

import logging
import traceback
from collections.abc import Iterable, Mapping

from medattn.errors import UserError
from medattn.files import write_json
from medattn.plan.model import Run
from medattn.provenance.records import earlier_failures, failure_reason
from medattn.training.task import PackTask

log = logging.getLogger(__name__)

_OUT_OF_MEMORY = "out of memory"


class RunsFailedError(UserError):
    """Failure of some runs of a pack; the others are finished and recorded."""


def runs_failed(task: PackTask, failed: list[Run]) -> RunsFailedError:
    """Return the error that counts the failed runs and names the first one's failure.json."""
    short = sum(failure_reason(task.files(run).failure) == f"failed: {_OUT_OF_MEMORY}" for run in failed)
    return RunsFailedError(
        f"{len(failed)} of {len(task.runs)} runs of the pack {task.pack.id} failed"
        + (f", {short} of them out of memory" if short else "")
        + f"; the reason of the first is in {task.files(failed[0]).failure}"
    )


def write_failure(task: PackTask, run: Run, error: Exception) -> None:
    """Write why a run failed to its failure.json, after the reasons of earlier attempts."""
    from medattn.training.run_record import now

    reason = _OUT_OF_MEMORY if _is_out_of_memory(error) else f"{type(error).__name__}: {error}"
    path = task.files(run).failure
    log.error("failed: %s; the traceback is in %s", " ".join(reason.split())[:300], path)
    details = "".join(traceback.format_exception(error))
    note = {"run": run.id, "reason": reason, "failed": now(), "traceback": details}
    write_json(path, {**note, "earlier": earlier_failures(path)})


class FailureWatch:
    """Detector of runs that fail, in this process or in another one, after the watch began."""

    def __init__(self, task: PackTask, runs: Iterable[Run]) -> None:
        self._task = task
        self._before: Mapping[str, int] = {run.id: self._stamp(run) for run in runs}

    def has_failed(self, run: Run) -> bool:
        """Return whether the run's failure.json was written since the watch began."""
        return self._stamp(run) != self._before[run.id]

    def _stamp(self, run: Run) -> int:
        path = self._task.files(run).failure
        return path.stat().st_mtime_ns if path.exists() else 0


def _is_out_of_memory(error: Exception) -> bool:
    """Return whether the device or the host ran out of memory; PyTorch reports the latter only in its message."""
    named = type(error).__name__ == "OutOfMemoryError" or isinstance(error, MemoryError)
    return named or (isinstance(error, RuntimeError) and "can't allocate memory" in str(error))
