"""The states of all runs of a plan at one moment, read from their folders without changing anything.

A plan has thousands of runs, so the files of finished runs are not read: the file of a pack states the endings of its
runs, a record has only to exist, and runs without a folder are waiting.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from medattn.errors import UserError
from medattn.files import read_json
from medattn.layout import ResultPaths, RunPaths
from medattn.plan.model import Plan, Run
from medattn.provenance.records import failure_reason
from medattn.training.lease import is_held

_NUMBERS = ("epochs_at_start", "epochs_at_end", "seconds", "training_images")
State = Literal["done", "running", "failed", "waiting"]
STATES: tuple[State, ...] = ("done", "running", "failed", "waiting")


@dataclass(frozen=True)
class RunStatus:
    """State of a run according to its files.

    Attributes:
        run: the run.
        state: `done` (finished, including diverged runs), `running`, `failed` (in its last attempt), or `waiting`.
        epoch: number of finished epochs.
        seconds_per_epoch: seconds per epoch of the current session; None before its first finished epoch.
        images_per_second: training images per second in the current session; None if unknown.
        seconds_since_update: seconds since the last update of the session's file.
        reason: why the last attempt failed; empty for other states.
    """

    run: Run
    state: State
    epoch: int = 0
    seconds_per_epoch: float | None = None
    images_per_second: float | None = None
    seconds_since_update: float = 0.0
    reason: str = ""

    @property
    def id(self) -> str:
        """Name of the run, unique in the plan."""
        return self.run.id


@dataclass(frozen=True)
class Snapshot:
    """All runs of a plan at one moment.

    Attributes:
        runs: states by id of the run.
        endings: `status`, `epochs` and `seconds` of the runs of finished packs, by id of the run.
    """

    runs: Mapping[str, RunStatus]
    endings: Mapping[str, Mapping[str, Any]]


def take_snapshot(plan: Plan, results: ResultPaths) -> Snapshot:
    """Read the state of every run in a pack; all other runs belong to skipped cells.

    Raises:
        UserError: the file of a pack or of a failure is damaged.
    """
    endings = _endings(plan, results)
    used = dict.fromkeys(run.folder for run in plan.runs.values())
    folders = {folder: _names(results.folder / "runs" / folder) for folder in used}
    now = time.time()
    runs = {}
    for key in (key for pack in plan.packs.values() for key in pack.runs):
        run = plan.runs[key]
        if key in endings:
            runs[key] = RunStatus(run, "done")
        elif run.name not in folders[run.folder]:
            runs[key] = RunStatus(run, "waiting")
        else:
            runs[key] = _run_status(run, results.run(run.folder, run.name), now)
    return Snapshot(runs, endings)


def _endings(plan: Plan, results: ResultPaths) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    present = _names(results.folder / "packs")
    for pack in plan.packs:
        path = results.pack(pack)
        if path.name in present:
            value = read_json(path)
            runs = value.get("runs") if isinstance(value, dict) else None
            if not isinstance(runs, dict) or not all(map(_is_ending, runs.values())):
                raise UserError(f"{path}: not the file of a pack; delete it and train the pack again")
            # A pack of an earlier plan can have the same name and other runs.
            found.update({run: ending for run, ending in runs.items() if run in plan.runs})
    return found


def _run_status(run: Run, files: RunPaths, now: float) -> RunStatus:
    names = _names(files.folder)
    if files.record.name in names:
        return RunStatus(run, "done")
    held = any(is_held(files.folder / name, now) for name in names if name.startswith("lease-"))
    session, since_update = _session(files, names, now)
    epoch = int(session.get("epochs_at_end", 0))
    if held:
        return RunStatus(run, "running", epoch, *_speed(session), since_update)
    if files.failure.name in names:
        return RunStatus(run, "failed", epoch, reason=failure_reason(files.failure))
    return RunStatus(run, "waiting", epoch)


def _session(files: RunPaths, names: set[str], now: float) -> tuple[Mapping[str, Any], float]:
    """Return the latest session of a run and the seconds since its last update."""
    if files.sessions.name not in names:
        return {}, 0.0
    try:
        since_update = now - files.sessions.stat().st_mtime
        sessions = read_json(files.sessions)
    except (OSError, UserError):  # the run finished meanwhile and removed the file
        return {}, 0.0
    last = sessions[-1] if isinstance(sessions, list) and sessions else {}
    well = isinstance(last, dict) and all(isinstance(last.get(key, 0), (int, float)) for key in _NUMBERS)
    return (last if well else {}), max(0.0, since_update)


def _is_ending(value: object) -> bool:
    """Return whether a value of a pack's file has the status, epochs and seconds of a run."""
    if not isinstance(value, dict) or not isinstance(value.get("status"), str):
        return False
    return all(isinstance(value.get(key, 0), (int, float)) and value.get(key, 0) >= 0 for key in ("epochs", "seconds"))


def _speed(session: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return seconds per epoch and training images per second of a session; None where unknown."""
    epochs = session.get("epochs_at_end", 0) - session.get("epochs_at_start", 0)
    seconds, images = session.get("seconds", 0), session.get("training_images")
    if "epochs_at_start" not in session or epochs <= 0 or seconds <= 0:
        return None, None
    return seconds / epochs, None if images is None else images * epochs / seconds


def _names(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))  # noqa: PTH208 (only names are needed)
    except (FileNotFoundError, NotADirectoryError):
        return set()
