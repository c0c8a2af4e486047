"""Worker processes that train runs of a pack next to the main process: on one GPU, or on more CPU cores.

Each worker runs `medattn train --worker` and leases open runs, so a run gives the same bytes in whichever process it
is trained. Workers stop when the main process is asked to stop, and between two epochs when it is gone.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medattn.errors import StopRequested, UserError
from medattn.log import verbosity_flags
from medattn.training.stop import Stop

_EXPECTED_CODES = (0, StopRequested.exit_code)


@contextmanager
def start_workers(plan: Path, pack: str, count: int, stop: Stop) -> Iterator[None]:
    """Run `count` workers on `pack` during the block, and wait for them at its end.

    Args:
        plan: the frozen plan.
        pack: id of the pack.
        count: number of workers, possibly 0.
        stop: request to stop this process.

    Raises:
        StopRequested: this process was asked to stop; the workers have stopped, too.
        UserError: a worker ended with an error that concerns all runs; its own line is in the log.
    """
    command = [sys.executable, "-P", "-m", "medattn", "train", "--plan", str(plan), "--pack", pack, "--worker"]
    workers = [subprocess.Popen([*command, *verbosity_flags()]) for _ in range(count)]
    try:
        yield
        codes = [_wait(worker, stop) for worker in workers]
    except StopRequested:
        _terminate(workers, signal.SIGUSR1 if stop.can_wait else signal.SIGTERM)
        raise
    except BaseException:
        _terminate(workers, signal.SIGTERM)
        raise
    unexpected = [code for code in codes if code not in _EXPECTED_CODES]
    if unexpected:
        raise UserError(f"{pack}: a worker ended with exit code {unexpected[0]}; its error is in the lines above")


def _wait(worker: "subprocess.Popen[bytes]", stop: Stop) -> int:
    while True:
        try:
            return worker.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            stop.between_epochs()


def _terminate(workers: "list[subprocess.Popen[bytes]]", number: signal.Signals) -> None:
    for worker in workers:
        worker.send_signal(number)
    for worker in workers:
        worker.wait()
