"""The environment of a run: versions, machine and scheduler, without unknown values."""

import hashlib
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = ("torch", "torchvision", "timm", "numpy", "scipy", "scikit-learn", "safetensors", "snakemake")
_SCHEDULER = {
    "slurm_job_id": "SLURM_JOB_ID",
    "slurm_node": "SLURMD_NODENAME",
    "slurm_partition": "SLURM_JOB_PARTITION",
    "slurm_restart_count": "SLURM_RESTART_COUNT",
}


def environment() -> dict[str, Any]:
    """Return versions of Python and the libraries, operating system, processor and hashed host name."""
    packages = {}
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "packages": packages,
        "os": f"{platform.system()} {platform.release()} {platform.machine()}",
        "host_sha256": hashlib.sha256(platform.node().encode()).hexdigest(),
        **({"cpu": cpu} if (cpu := _processor()) else {}),
    }


def scheduler() -> dict[str, str]:
    """Return the scheduler's identifiers of this job; empty without a scheduler."""
    return {key: os.environ[name] for key, name in _SCHEDULER.items() if name in os.environ}


def git_state(folder: Path) -> dict[str, Any]:
    """Return commit and dirty flag of the checkout that contains `folder`; empty outside of a checkout."""
    try:
        commit = git(folder, "rev-parse", "HEAD").strip()
        dirty = bool(git(folder, "status", "--porcelain", "--untracked-files=no").strip())
    except (OSError, subprocess.SubprocessError):
        return {}
    return {"commit": commit, "dirty": dirty}


def command() -> list[str]:
    """Return the command line of this process."""
    return [Path(sys.argv[0]).name, *sys.argv[1:]]  # the path of the program belongs to the machine, not to the run


def git(folder: Path, *arguments: str) -> str:
    """Run git in `folder` and return its output.

    Raises:
        OSError: git is not installed.
        SubprocessError: git fails or takes too long.
    """
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],  # noqa: S607 (git is where the user has it)
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return done.stdout


def _processor() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)
