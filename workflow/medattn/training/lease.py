"""Leases: one process at a time works on a run, across machines and across restarts of the workflow.

A lease is a numbered file in the folder of the run. It is created with O_EXCL, which is atomic on NFS too, and its
holder touches it every few seconds. A lease that has not been touched for a while belongs to a machine that died: the
next process creates the file with the next number, and only one of several contenders can succeed. The operating
system's file locks are not used, because on shared file systems they may hold on one machine only, or not at all.
"""

import json
import os
import platform
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from medattn.errors import UserError
from medattn.files import disk_errors
from medattn.layout import RunPaths

BEAT = 15.0
"""Seconds between two touches of a lease that is held."""
EXPIRY = 180.0
"""Seconds without a touch after which its holder is taken for dead; NFS clients cache attributes for up to 60."""
_POLL = 0.5


class LeaseLostError(UserError):
    """Another process took over, since this one was silent for too long: suspended, or cut off from the file system."""


class LeaseTakenError(Exception):
    """Another process has the run."""


class Lease:
    """The right to work on a run, held by this process."""

    def __init__(self, files: RunPaths, number: int, label: str) -> None:
        self.path = files.lease(number)
        self._files, self._number, self._label = files, number, label
        self._over = threading.Event()
        self._beating = threading.Thread(target=self._beat, name="lease", daemon=True)
        self._beating.start()

    def check(self) -> None:
        """Make sure that the lease is still this process's, before anything of the run is written.

        Raises:
            LeaseLostError: it isn't.
        """
        if _last_lease(self._files) != self._number:
            raise LeaseLostError(
                f"{self._label}: another process has taken this run over, since this one was silent for more than "
                f"{EXPIRY:.0f} s; it is left to that one"
            )

    def end(self) -> None:
        """Let others have the run."""
        self._over.set()
        self._beating.join()
        self.path.unlink(missing_ok=True)

    def _beat(self) -> None:
        while not self._over.wait(BEAT):
            try:
                os.utime(self.path)
            except FileNotFoundError:
                return
            except OSError:  # a file system that is away for a moment; what is written next will tell
                continue


def is_held(path: Path, now: float) -> bool:
    """Return whether a process holds the lease `path`, as far as one look can tell; nothing is touched.

    Args:
        path: the file of the lease.
        now: the time by this machine's clock, which may differ from that of the file system by a minute or so.
    """
    try:
        touched, holder = path.stat().st_mtime, _parsed(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return False
    return now - touched < EXPIRY and not (holder is not None and _died_here(holder))


@contextmanager
def hold_lease(files: RunPaths, label: str, wait: bool = True) -> Iterator[Lease]:
    """Hold the run of `files` for this process; wait, and say so, while another one holds it.

    Args:
        files: the files of the run; its folder is made.
        label: names the run in messages.
        wait: whether to wait.

    Raises:
        LeaseTakenError: another process holds it, and this one is not to wait.
        UserError: the disk refuses.
    """
    with disk_errors(files.folder):
        files.folder.mkdir(parents=True, exist_ok=True)
    lease = _claim(files, label, wait)
    try:
        yield lease
    finally:
        lease.end()
        if files.record.exists():  # what dead processes have left is of no use any more
            for number in _leases(files):
                files.lease(number).unlink(missing_ok=True)


def _claim(files: RunPaths, label: str, wait: bool) -> Lease:
    watch, waiting = _Watch(), False
    while True:
        last = _last_lease(files)
        gone = watch.gone(files.lease(last)) if last else ""
        if gone is not None:
            if _create(files.lease(last + 1)):
                if _last_lease(files) == last + 1:
                    if gone:
                        print(f"{label}: {gone}; taking it over", file=sys.stderr, flush=True)
                    return Lease(files, last + 1, label)
                files.lease(last + 1).unlink(missing_ok=True)
            continue
        if not wait:
            raise LeaseTakenError(label)
        if not waiting:
            waiting = True
            print(f"{label}: another process trains this run; waiting for it", file=sys.stderr, flush=True)
        time.sleep(_POLL)


def _leases(files: RunPaths) -> list[int]:
    with disk_errors(files.folder):
        names = [path.name.removeprefix("lease-") for path in files.folder.glob("lease-*")]
    return [int(name) for name in names if name.isdecimal()]


def _last_lease(files: RunPaths) -> int:
    """Return the number of the latest lease, 0 where there is none."""
    return max(_leases(files), default=0)


def _create(path: Path) -> bool:
    """Make the file of a lease, unless it exists."""
    with disk_errors(path):
        try:
            stream = path.open("x", encoding="utf-8")
        except FileExistsError:
            return False
        try:
            with stream:
                json.dump({**_place(), "pid": os.getpid(), "started": _started(os.getpid()), **_job()}, stream)
        except OSError:
            path.unlink(missing_ok=True)
            raise
    return True


class _Watch:
    """Looks at a lease again and again, and tells when its holder is gone. Clocks of other machines are not trusted."""

    def __init__(self) -> None:
        self._seen: tuple[Path, float] | None = None
        self._since = 0.0

    def gone(self, path: Path) -> str | None:
        """Return what became of the holder of the lease `path`, "" where it has given it back, None while it lives."""
        try:
            with path.open(encoding="utf-8") as stream:  # opening makes NFS ask the server
                touched, content = os.fstat(stream.fileno()).st_mtime, stream.read()
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError):
            return None
        if self._seen != (path, touched):
            self._seen, self._since = (path, touched), time.monotonic()
        holder = _parsed(content)
        if holder is not None and _died_here(holder):
            return f"the process that worked on it was killed, most often for want of memory ({_named(holder)})"
        if time.monotonic() - self._since > EXPIRY:
            return f"nothing was heard for {EXPIRY:.0f} s of the process that worked on it ({_named(holder or {})})"
        return None


def _parsed(content: str) -> dict[str, Any] | None:
    try:
        holder = json.loads(content)
    except ValueError:
        return None
    return holder if isinstance(holder, dict) else None


def _died_here(holder: dict[str, Any]) -> bool:
    """Whether the holder was a process of this very machine and is no more."""
    pid = holder.get("pid")
    if not isinstance(pid, int) or any(holder.get(key) != value for key, value in _place().items()):
        return False
    return _started(pid) != holder.get("started")


def _named(holder: dict[str, Any]) -> str:
    keys = {"host": "host", "pid": "process", "slurm_job_id": "Slurm job"}
    return ", ".join(f"{word} {holder[key]}" for key, word in keys.items() if key in holder) or "it left no name"


def _place() -> dict[str, str]:
    """Return what tells this machine, since it was started, and this container from every other."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    processes = Path("/proc/self/ns/pid")
    try:
        return {"host": platform.node(), "boot": boot.read_text().strip(), "processes": str(processes.readlink())}
    except OSError:
        return {"host": platform.node(), "boot": "", "processes": str(os.getpid())}  # equal to no other's


def _started(pid: int) -> str:
    """Return when the process started, in ticks since the machine did; empty where there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _job() -> dict[str, str]:
    return {"slurm_job_id": os.environ["SLURM_JOB_ID"]} if "SLURM_JOB_ID" in os.environ else {}
