"""A disposable Slurm cluster: .ci/slurm starts it, and MEDATTN_SLURM names its folder."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Slurm:
    """Slurm cluster with the nodes n1 and n2 on this machine, and its folder."""

    folder: Path

    def say(self, *command: str) -> str:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def job_of(self, pack: str) -> tuple[str, str] | None:
        """Return Slurm's id and node of the running job that trains `pack`."""
        for line in self.say("squeue", "--noheader", "--states=running", "--format=%i|%N|%k").splitlines():
            job, node, comment = line.split("|", 2)
            if comment.endswith(pack):
                return job, node
        return None

    def kill_node(self, node: str) -> None:
        """Kill a node as a power failure does: its daemon first, so it cannot report its jobs."""
        running = self.say("squeue", "--noheader", f"--nodelist={node}", "--states=running", "--format=%i").split()
        os.kill(int((self.folder / f"slurmd.{node}.pid").read_text()), signal.SIGKILL)
        steps = [pid for job in running for pid in _processes(lambda pid, job=job: f"[{job}." in _title(pid))]
        jobs = [pid for job in running for pid in _processes(lambda pid, job=job: _is_of_job(pid, job))]
        for pid in [*steps, *jobs]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def start_node(self, node: str) -> None:
        """Start a killed node again."""
        subprocess.run(["slurmd", "-N", node], check=True)
        deadline = time.monotonic() + 60
        while node not in self.say("sinfo", "--noheader", "--states=idle,mixed,alloc", "--Node", "--format=%N").split():
            assert time.monotonic() < deadline
            time.sleep(0.5)


def _processes(wanted) -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*") if wanted(path.name)]


def _title(pid: str) -> str:
    title = _read(pid, "cmdline")
    return title if title.startswith("slurmstepd:") else ""


def _is_of_job(pid: str, job: str) -> bool:
    environment = _read(pid, "environ").split("\0")
    return f"SLURM_JOB_ID={job}" in environment and "SLURM_CLUSTER_NAME=medattn" in environment


def _read(pid: str, name: str) -> str:
    try:
        return (Path("/proc") / pid / name).read_text(errors="replace")
    except OSError:
        return ""


@pytest.fixture
def slurm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slurm]:
    folder = os.environ["MEDATTN_SLURM"]
    monkeypatch.setenv("SLURM_CONF", f"{folder}/slurm.conf")
    yield Slurm(Path(folder))
    subprocess.run(["scancel", "--user=root"], check=False)
