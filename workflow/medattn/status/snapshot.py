"""Looking at the folders of runs: which have ended, failed, are under way or wait. Nothing is touched.

A plan has thousands of runs, so finished ones are not opened: a pack's file tells how all of its runs ended, a record
is only looked for, and a folder that isn't there needs no look.
"""

import json
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

State = Literal["done", "running", "failed", "waiting"]
STATES: tuple[State, ...] = ("done", "running", "failed", "waiting")


@dataclass(frozen=True)
class RunStatus:
    """A run as its files show it.

    Attributes:
        run: the run.
        state: `done` (ended, whether well or not), `running`, `failed` (its last attempt), `waiting`.
        epoch: finished epochs of a run that was begun.
        seconds_per_epoch: of the session that is under way; None where no epoch of it is finished.
        images_per_second: training images a second in that session; None where that is not known.
        quiet: seconds since the session's last note.
        reason: why the last attempt failed.
    """

    run: Run
    state: State
    epoch: int = 0
    seconds_per_epoch: float | None = None
    images_per_second: float | None = None
    quiet: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Snapshot:
    """All runs of a plan at one moment.

    Attributes:
        runs: what was seen, by id of the run.
        endings: how the runs of finished packs ended, by id: `status`, `epochs`, `seconds`.
    """

    runs: Mapping[str, RunStatus]
    endings: Mapping[str, Mapping[str, Any]]


def look(plan: Plan, results: ResultPaths) -> Snapshot:
    """Snapshot at every run of a plan that stands in a pack; the others belong to cells that can't be run.

    Raises:
        UserError: the file of a pack, or the note of a failure, is none.
    """
    endings = _endings(plan, results)
    folders = {cell: _names(results.folder / "runs" / cell) for cell in plan.cells}
    now = time.time()
    seen = {}
    for key in (key for pack in plan.packs.values() for key in pack.runs):
        run = plan.runs[key]
        if key in endings:
            seen[key] = RunStatus(run, "done")
        elif run.name not in folders[run.cell]:
            seen[key] = RunStatus(run, "waiting")
        else:
            seen[key] = _seen(run, results.run(run.cell, run.name), now)
    return Snapshot(seen, endings)


def _endings(plan: Plan, results: ResultPaths) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    present = _names(results.folder / "packs")
    for pack in plan.packs:
        path = results.pack(pack)
        if path.name in present:
            value = read_json(path)
            runs = value.get("runs") if isinstance(value, dict) else None
            if not isinstance(runs, dict):
                raise UserError(f"{path}: not the file of a pack; delete it and train the pack again")
            # A pack of an earlier plan may bear the same name: its runs are others.
            found.update({run: ending for run, ending in runs.items() if run in plan.runs})
    return found


def _seen(run: Run, files: RunPaths, now: float) -> RunStatus:
    names = _names(files.folder)
    if files.record.name in names:
        return RunStatus(run, "done")
    held = any(is_held(files.folder / name, now) for name in names if name.startswith("lease-"))
    session, quiet = _session(files, names, now)
    epoch = int(session.get("epochs_at_end", 0))
    if held:
        return RunStatus(run, "running", epoch, *_speed(session), quiet)
    if files.failure.name in names:
        return RunStatus(run, "failed", epoch, reason=failure_reason(files.failure))
    return RunStatus(run, "waiting", epoch)


def _session(files: RunPaths, names: set[str], now: float) -> tuple[Mapping[str, Any], float]:
    """Return the note of the latest session, and the seconds since it was written."""
    if files.sessions.name not in names:
        return {}, 0.0
    try:
        quiet = now - files.sessions.stat().st_mtime
        sessions = json.loads(files.sessions.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # it ended in this very moment
        return {}, 0.0
    last = sessions[-1] if isinstance(sessions, list) and sessions else {}
    return (last if isinstance(last, dict) else {}), max(0.0, quiet)


def _speed(session: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return seconds per epoch and training images per second of a session, as far as it has come."""
    epochs = session.get("epochs_at_end", 0) - session.get("epochs_at_start", 0)
    seconds, images = session.get("seconds", 0), session.get("training_images")
    if "epochs_at_start" not in session or epochs <= 0 or seconds <= 0:
        return None, None
    return seconds / epochs, None if images is None else images * epochs / seconds


def _names(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))  # noqa: PTH208 (a name is all that is wanted)
    except (FileNotFoundError, NotADirectoryError):
        return set()
