"""Further processes that train runs of the same pack beside this one: several runs at once on one GPU or on more cores.

Each runs the same command as this process and takes the runs that nobody works on, by their turns, so that a run gives
the same bytes as ever. They stop when this process is asked to stop, and between two epochs when it is gone.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medattn.errors import StopRequested, UserError
from medattn.training.stop import Stop

_WELL = (0, 75)
"""Exit codes of a companion that ended, or was asked to stop, as it should."""


@contextmanager
def start_workers(plan: Path, pack: str, count: int, stop: Stop) -> Iterator[None]:
    """Train runs of `pack` in `count` further processes while the body trains others; wait for them at its end.

    Args:
        plan: the frozen plan.
        pack: id of the pack.
        count: how many; none where it is 0.
        stop: what asks this process to stop.

    Raises:
        StopRequested: this process was asked to stop; the companions have stopped, too.
        UserError: a companion ended with an error that concerns all runs; its line stands in the log.
    """
    command = [sys.executable, "-m", "medattn", "train", "--plan", str(plan), "--pack", pack, "--worker"]
    processes = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
        codes = [_ended(process, stop) for process in processes]
    except StopRequested:
        _stop(processes, signal.SIGUSR1 if stop.asked else signal.SIGTERM)
        raise
    except BaseException:
        _stop(processes, signal.SIGTERM)
        raise
    wrong = [code for code in codes if code not in _WELL]
    if wrong:
        raise UserError(f"{pack}: a process that trained beside this one ended with exit code {wrong[0]}; see above")


def _ended(process: "subprocess.Popen[bytes]", stop: Stop) -> int:
    while True:
        try:
            return process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            stop.between_epochs()


def _stop(processes: "list[subprocess.Popen[bytes]]", number: signal.Signals) -> None:
    for process in processes:
        process.send_signal(number)
    for process in processes:
        process.wait()
