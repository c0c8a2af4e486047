"""Identity of processes and machines, by which files say who writes them."""

import hashlib
import os
import platform
from pathlib import Path


def machine() -> dict[str, str]:
    """Return the identity of this machine since its last boot, and of this container."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    processes = Path("/proc/self/ns/pid")
    try:
        booted = boot.read_text(encoding="utf-8").strip()
        return {"host": platform.node(), "boot": booted, "processes": str(processes.readlink())}
    except OSError:
        return {"host": platform.node(), "boot": "", "processes": str(os.getpid())}  # equal to no other process's


def machine_digest() -> str:
    """Return eight hexadecimal digits that identify this machine since its last boot, and this container."""
    return hashlib.sha256("/".join(machine().values()).encode()).hexdigest()[:8]


def start_of_process(pid: int) -> str:
    """Return the start time of a process in ticks since the boot; "" where there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
