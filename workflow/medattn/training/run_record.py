"""How a run ended, in files: history, scores, maps, and last of all the record."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from medattn.files import sha256_of_file, sha256_of_value, write_bytes, write_json
from medattn.layout import RunPaths
from medattn.plan.model import Cell, Run
from medattn.provenance.code import code_modules
from medattn.provenance.environment import command, environment, git_state, scheduler
from medattn.provenance.records import earlier_failures
from medattn.training.history import EpochRow
from medattn.version import __version__

RECORD_SCHEMA = 2
_SHORT = 12  # digits of a hash that tell the versions of one file apart


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays as safetensors."""
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_bytes(path, save(contiguous))


def write_record(
    files: RunPaths,
    run: Run,
    cell: Cell,
    *,
    history: Sequence[EpochRow],
    resolved: Mapping[str, Any],
    data: Mapping[str, Any],
    numerics: Mapping[str, Any],
    sessions: Sequence[Mapping[str, Any]],
    resources: Mapping[str, Any] | None = None,
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
        resources: what it took of the machine, as far as that is known.
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
        "code": _code(cell),
        "environment": environment(),
        "numerics": numerics,
        "scheduler": scheduler(),
        **({"resources": dict(resources)} if resources else {}),
        "command": command(),
        "finished": now(),
        "seconds": round(math.fsum(session["seconds"] for session in sessions), 3),
        "epochs": len(history),
        "final": last_epoch(history[-1], data["evaluated"]),
        "sessions": list(sessions),
        **_earlier_failures(files),
        "outputs": {p.name: {"sha256": sha256_of_file(p), "bytes": p.stat().st_size} for p in outputs},
    }
    write_json(files.record, record)


def write_skipped(files: RunPaths, run: Run, cell: Cell, reason: str) -> None:
    """Write the record of a run that can't be trained, such as one for which cross-validation chose nothing."""
    record = {
        **_heading(run, cell),
        "status": "skipped",
        "reason": reason,
        "code": _code(cell),
        "finished": now(),
        "seconds": 0.0,
        "epochs": 0,
        **_earlier_failures(files),
        "outputs": {},
    }
    write_json(files.record, record)


def _heading(run: Run, cell: Cell) -> dict[str, Any]:
    return {
        "schema": RECORD_SCHEMA,
        "run": run.id,
        "paper": cell.paper,
        "experiment": cell.experiment,
        "dataset": cell.dataset,
        "backbone": cell.backbone,
        "arm": cell.arm,
        "stage": run.stage,
        "seed": run.seed,
        "fold": run.fold,
    }


def _code(cell: Cell) -> dict[str, Any]:
    return {
        "digest": cell.settings.code_digest,
        "version": __version__,
        "modules": {name: sha256[:_SHORT] for name, sha256 in code_modules(*cell.settings.code_names).items()},
        **git_state(Path(__file__).parent),
    }


def last_epoch(row: EpochRow, evaluated: str) -> dict[str, Any]:
    """Return loss and correct images after the last epoch, by split."""
    loss = {"loss": row.train_loss} if row.finite else {}
    final: dict[str, Any] = {"train": {**loss, "correct": row.train_correct, "images": row.train_images}}
    if row.validation_images:
        final["validation"] = {"correct": row.validation_correct, "images": row.validation_images}
    return {**final, evaluated: {"correct": row.correct, "images": row.images}}


def _earlier_failures(files: RunPaths) -> dict[str, Any]:
    """Return what stopped earlier attempts at the run, where something did; else it is left out."""
    failures = earlier_failures(files.failure)
    return {"failures": failures} if failures else {}


def now() -> str:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
