"""How a run ended, in files: history, scores, maps, and last of all the record."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from medattn.files import sha256_of_file, sha256_of_value, write_bytes, write_json
from medattn.layout import RunFiles
from medattn.plan.frozen import Cell, Run
from medattn.provenance.environment import command, environment, git_state, scheduler
from medattn.training.history import EpochRow

RECORD_SCHEMA = 1


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays as safetensors."""
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_bytes(path, save(contiguous))


def write_record(
    files: RunFiles,
    run: Run,
    cell: Cell,
    *,
    history: Sequence[EpochRow],
    resolved: Mapping[str, Any],
    data: Mapping[str, Any],
    numerics: Mapping[str, Any],
    sessions: Sequence[Mapping[str, Any]],
) -> None:
    """Write the record of a run that ended. Where a record stands, every file that it names is complete.

    Args:
        files: where the files of the run are.
        run: the run.
        cell: its cell.
        history: its epochs.
        resolved: every setting of the run, defaults filled in and the grid point put in.
        data: identity of the images: hashes, counts, fold.
        numerics: device, precision, threads.
        sessions: the processes that worked on it, each with its start, seconds and epochs.
    """
    finite = all(row.finite for row in history)
    outputs = [path for path in (files.history, files.scores, files.maps, files.attention) if path.exists()]
    record = {
        **_heading(run, cell),
        "status": "ok" if finite else "diverged",
        **({} if finite else {"reason": f"the loss is no finite number after epoch {history[-1].epoch}"}),
        "configuration": resolved,
        "configuration_sha256": sha256_of_value(resolved),
        "data": data,
        "code": {"digest": cell.settings["code"], **git_state(Path(__file__).parent)},
        "environment": environment(),
        "numerics": numerics,
        "scheduler": scheduler(),
        "command": command(),
        "finished": now(),
        "seconds": round(math.fsum(session["seconds"] for session in sessions), 3),
        "epochs": len(history),
        "sessions": list(sessions),
        "outputs": {p.name: {"sha256": sha256_of_file(p), "bytes": p.stat().st_size} for p in outputs},
    }
    write_json(files.record, record)


def write_skipped(files: RunFiles, run: Run, cell: Cell, reason: str) -> None:
    """Write the record of a run that can't be trained, such as one for which cross-validation chose nothing."""
    record = {
        **_heading(run, cell),
        "status": "skipped",
        "reason": reason,
        "code": {"digest": cell.settings["code"], **git_state(Path(__file__).parent)},
        "finished": now(),
        "seconds": 0.0,
        "epochs": 0,
        "outputs": {},
    }
    write_json(files.record, record)


def _heading(run: Run, cell: Cell) -> dict[str, Any]:
    return {
        "schema": RECORD_SCHEMA,
        "run": run.id,
        "paper": cell.paper,
        "dataset": cell.dataset,
        "backbone": cell.backbone,
        "arm": cell.arm,
        "stage": run.stage,
        "seed": run.seed,
        "fold": run.fold,
    }


def now() -> str:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
