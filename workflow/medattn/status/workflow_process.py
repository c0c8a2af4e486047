"""Running Snakemake as a process, with a display of the progress of its steps and of the runs that its jobs train."""

import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from medattn.errors import UserError
from medattn.layout import ResultPaths
from medattn.plan.model import Plan
from medattn.plan.plan_file import read_plan
from medattn.status.progress_display import Display, Steps, display_for
from medattn.status.snapshot import take_snapshot
from medattn.status.summary import Status, status_of

_REFRESH = 2.0
"""Seconds between two looks at the runs."""
_STEPS = re.compile(r"(\d+) of (\d+) steps? \(")
_TOTAL = re.compile(r"total\s+(\d+)\s*$")
_JOB = re.compile(r"Job \d+: (.+)")
_KEPT = 30


@dataclass
class WorkflowOutput:
    """What the lines that Snakemake prints say.

    Attributes:
        steps: number of finished and of all steps, and the latest one that was started.
        last: the last lines.
        causes: the lines in which jobs of medattn say what went wrong; those of a failed job are shown when it fails.
    """

    steps: Steps = field(default_factory=Steps)
    last: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT))
    causes: dict[str, None] = field(default_factory=dict)

    def read(self, line: str) -> None:
        """Take a line into account."""
        line = line.rstrip()
        if line:
            self.last.append(line)
        if line.startswith("medattn: ") and len(self.causes) < _KEPT:
            self.causes[line] = None
        if found := _STEPS.match(line):
            self.steps = Steps(int(found[1]), int(found[2]), self.steps.current)
        elif found := _TOTAL.match(line):
            self.steps = Steps(self.steps.done, int(found[1]), self.steps.current)
        elif found := _JOB.match(line):
            self.steps = Steps(self.steps.done, self.steps.total, found[1])


def follow(command: Sequence[str], results: ResultPaths) -> int:
    """Run Snakemake, show its progress until it ends, and print why if it fails: what its jobs say, or its last lines.

    Args:
        command: the command line.
        results: the folder of the selection.

    Returns:
        The exit code: that of Snakemake, or 143 after SIGTERM.

    Raises:
        KeyboardInterrupt: Ctrl-C; Snakemake, which receives it too, has ended.
    """
    output, runs = WorkflowOutput(), _Runs(results)
    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as process,
        _terminated_with(process) as was_terminated,
        display_for(sys.stderr) as display,
    ):
        reader = threading.Thread(target=_read, args=(process, output), daemon=True)
        reader.start()
        try:
            while process.poll() is None:
                _show(display, output.steps, runs)
                reader.join(_REFRESH)
        except KeyboardInterrupt:
            process.wait()
            raise
        reader.join()
        _show(display, output.steps, runs)
    if process.returncode and not was_terminated:
        log = [line for line in output.last if line.startswith("Complete log")]
        print("\n".join([*log, *output.causes] if output.causes else output.last), file=sys.stderr, flush=True)
    return 143 if was_terminated else process.returncode


def _read(process: "subprocess.Popen[str]", output: WorkflowOutput) -> None:
    for line in process.stdout or ():
        output.read(line)


def _show(display: Display, steps: Steps, runs: "_Runs") -> None:
    display.show(steps, runs.status() if steps.total else None)


class _Runs:
    """The runs of a selection, whose plan is read when it changes."""

    def __init__(self, results: ResultPaths) -> None:
        self._results = results
        self._plan: Plan | None = None
        self._read = 0

    def status(self) -> Status | None:
        """Return the status of the runs; None before the plan is written, and where a job is replacing a file."""
        try:
            changed = self._results.plan.stat().st_mtime_ns
            if self._plan is None or changed != self._read:
                self._plan, self._read = read_plan(self._results.plan), changed
            return status_of(self._plan, take_snapshot(self._plan, self._results), self._results)
        except (UserError, OSError):
            return None


@contextmanager
def _terminated_with(process: "subprocess.Popen[str]") -> Iterator[list[int]]:
    """Pass SIGTERM on to a process within the block; yields a list that is not empty once that happened."""
    received: list[int] = []

    def terminate(number: int, _: FrameType | None) -> None:
        received.append(number)
        process.terminate()

    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, before)
