"""Leases: locks that expire, by which one process at a time trains a run, across machines and restarts.

A lease is a numbered file in the folder of the run. O_EXCL creates it, which is atomic on NFS, too, and its holder
touches it every few seconds. A lease that nobody has touched for some minutes belongs to a machine that died: the next
process creates the file with the next number, and only one of several contenders succeeds. File locks of the operating
system are not used: on shared file systems they may hold on one machine only, or not at all.
"""

import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from medattn.errors import UserError
from medattn.files import disk_errors
from medattn.layout import RunPaths
from medattn.processes import machine as _machine
from medattn.processes import start_of_process as _started
from medattn.training.heartbeat import Heartbeat

log = logging.getLogger(__name__)

EXPIRY = 180.0
"""Seconds without a touch after which the holder counts as dead; NFS clients cache attributes for up to 60."""
_POLL = 0.5


class LeaseLostError(UserError):
    """Loss of a lease: this process was suspended or cut off from the file system, and another one took over."""


class LeaseTakenError(Exception):
    """Lease that another process holds."""


class Lease:
    """Lease that this process holds, with a heartbeat until it ends; `check` reports a lost one."""

    def __init__(self, files: RunPaths, number: int) -> None:
        self.path = files.lease(number)
        self._files, self._number = files, number
        self._heartbeat = Heartbeat(self.path, "lease")

    def check(self) -> None:
        """Check that this process still holds the lease; call it before writing files of the run.

        Raises:
            LeaseLostError: another process has taken over the run.
        """
        if _last_lease(self._files) != self._number:
            raise LeaseLostError(
                f"another process has taken over this run, because this process did not touch {self.path} for more "
                f"than {EXPIRY:.0f} s"
            )

    def end(self) -> None:
        """Release the lease."""
        self._heartbeat.stop()
        self.path.unlink(missing_ok=True)


def is_held(path: Path, now: float) -> bool:
    """Return whether a process holds the lease `path`, as far as a single reading can tell.

    Args:
        path: the file of the lease.
        now: time by this machine's clock, which may differ from the file system's by about a minute.
    """
    try:
        touched, holder = path.stat().st_mtime, _parsed(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return False
    return now - touched < EXPIRY and not (holder is not None and _died_here(holder))


def process_identity(pid: int) -> dict[str, Any]:
    """Return the facts by which any process can tell whether process `pid` of this machine is still alive."""
    return {**_machine(), "pid": pid, "started": _started(pid), **_job()}


@contextmanager
def hold_lease(files: RunPaths, wait: bool = True) -> Iterator[Lease]:
    """Hold the lease of a run during the block.

    Args:
        files: paths of the run; its folder is created.
        wait: whether to wait while another process holds the lease.

    Raises:
        LeaseTakenError: another process holds the lease, and `wait` is false.
        UserError: the disk is full or read-only.
    """
    with disk_errors(files.folder):
        files.folder.mkdir(parents=True, exist_ok=True)
    lease = _acquire(files, wait)
    try:
        yield lease
    finally:
        lease.end()
        if files.record.exists():  # remove what dead processes have left
            for number in _leases(files):
                files.lease(number).unlink(missing_ok=True)


def _acquire(files: RunPaths, wait: bool) -> Lease:
    watch, waiting = _Watch(), False
    while True:
        last = _last_lease(files)
        gone = watch.gone(files.lease(last)) if last else ""
        if gone is not None:
            if _create(files.lease(last + 1)):
                if _last_lease(files) == last + 1:
                    if gone:
                        log.warning("%s; taking over its run", gone)
                    log.debug("leased: %s", files.lease(last + 1))
                    return Lease(files, last + 1)
                files.lease(last + 1).unlink(missing_ok=True)
            continue
        if not wait:
            raise LeaseTakenError(str(files.lease(last)))
        if not waiting:
            waiting = True
            log.info("another process trains this run; waiting for it")
        time.sleep(_POLL)


def _leases(files: RunPaths) -> list[int]:
    with disk_errors(files.folder):
        names = [path.name.removeprefix("lease-") for path in files.folder.glob("lease-*")]
    return [int(name) for name in names if name.isdecimal()]


def _last_lease(files: RunPaths) -> int:
    """Return the number of the latest lease, 0 where there is none."""
    return max(_leases(files), default=0)


def _create(path: Path) -> bool:
    """Create the file of a lease; return whether it did not exist."""
    with disk_errors(path):
        try:
            stream = path.open("x", encoding="utf-8")
        except FileExistsError:
            return False
        try:
            with stream:
                json.dump(process_identity(os.getpid()), stream)
        except OSError:
            path.unlink(missing_ok=True)
            raise
    return True


class _Watch:
    """Repeated readings of a lease, timed by this machine's clock only, that tell when its holder is gone."""

    def __init__(self) -> None:
        self._seen: tuple[Path, float] | None = None
        self._since = 0.0

    def gone(self, path: Path) -> str | None:
        """Return why the holder of the lease `path` is gone: "" where it released the lease, None while it is alive."""
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
            return f"the process that held the lease was killed, most often because memory ran out ({_named(holder)})"
        if time.monotonic() - self._since > EXPIRY:
            return f"the process that held the lease was silent for {EXPIRY:.0f} s ({_named(holder or {})})"
        return None


def _parsed(content: str) -> dict[str, Any] | None:
    try:
        holder = json.loads(content)
    except ValueError:
        return None
    return holder if isinstance(holder, dict) else None


def _died_here(holder: dict[str, Any]) -> bool:
    """Return whether the holder was a process of this machine and has ended."""
    pid = holder.get("pid")
    if not isinstance(pid, int) or any(holder.get(key) != value for key, value in _machine().items()):
        return False
    return _started(pid) != holder.get("started")


def _named(holder: dict[str, Any]) -> str:
    keys = {"host": "host", "pid": "process", "slurm_job_id": "Slurm job"}
    return ", ".join(f"{word} {holder[key]}" for key, word in keys.items() if key in holder) or "unknown"


def _job() -> dict[str, str]:
    return {"slurm_job_id": os.environ["SLURM_JOB_ID"]} if "SLURM_JOB_ID" in os.environ else {}
