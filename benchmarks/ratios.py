"""Ratios of times or bytes measured in one call, with their limits."""

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Ratio:
    """A ratio and its limit.

    Attributes:
        name: numerator and denominator.
        value: the ratio.
        limit: greatest allowed value; None without a limit.
        measured: the measured values, by name and unit.
    """

    name: str
    value: float
    limit: float | None = None
    measured: Mapping[str, float] = field(default_factory=dict)

    @property
    def kept(self) -> bool | None:
        """Whether the ratio is within its limit; None without a limit."""
        return None if self.limit is None else self.value <= self.limit


def interleaved(arms: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the minimum time of each arm in seconds, measured in turn to expose all arms to the same load."""
    best = dict.fromkeys(arms, float("inf"))
    for _ in range(rounds):
        for name, arm in arms.items():
            started = time.perf_counter()
            arm()
            best[name] = min(best[name], time.perf_counter() - started)
    return best


def seconds_of(command: list[str], folder: Path) -> float:
    """Run `command` in `folder` and return its seconds."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - started


_PEAK = """
import resource, subprocess, sys
ended = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
sys.exit(ended.returncode)
"""


class Cost(NamedTuple):
    """Seconds, seconds of processor time with that of child processes, and peak memory in bytes of a command."""

    seconds: float
    processor: float
    peak: int


def cost_of(command: list[str], folder: Path) -> Cost:
    """Run a command and return its cost.

    A small process starts it, because on Linux the peak includes the memory of the parent before exec.
    """
    started = time.perf_counter()
    done = subprocess.run([*python(_PEAK), *command], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)[:200]} failed: {done.stderr[-500:]}")
    processor, peak = done.stdout.split()
    return Cost(time.perf_counter() - started, float(processor), int(peak) * 1024)


def python(code: str) -> list[str]:
    """Return the command that runs `code` in this Python."""
    return [sys.executable, "-c", code]


def medattn(*arguments: str) -> list[str]:
    """Return the command line of a medattn command."""
    return [sys.executable, "-m", "medattn", *arguments]


def machine() -> str:
    """Return the processor and the number of its cores that this process may use, as part of a file name."""
    names = [line.partition(":")[2] for line in _cpuinfo() if line.startswith("model name")] or [platform.machine()]
    words = names[0].replace("(R)", " ").replace("(TM)", " ").lower().split()
    return "-".join(
        [*("".join(c for c in word if c.isalnum()) for word in words), f"{len(os.sched_getaffinity(0))}cores"]
    )


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
