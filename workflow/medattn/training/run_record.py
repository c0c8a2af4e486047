"""The record of a run, record.json, which is written last and names every other file of the run."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from medattn.datasets.store import DataStore
from medattn.files import sha256_of_file, sha256_of_value, write_bytes, write_json
from medattn.layout import RunPaths
from medattn.plan.model import Cell, Run
from medattn.plan.run_settings import run_settings
from medattn.provenance.checkout import git_state
from medattn.provenance.code import CODE_FOLDER, code_modules
from medattn.provenance.environment import command, environment, scheduler
from medattn.provenance.records import earlier_failures
from medattn.training.history import EpochRow
from medattn.training.splits import SplitOfRun
from medattn.training.task import RunTask
from medattn.version import __version__

RECORD_SCHEMA = 2
_SHORT = 12  # digits of a hash, enough to distinguish the versions of one file


@dataclass(frozen=True)
class TrainingOutcome:
    """Facts about a training that its record holds.

    Attributes:
        history: a row per epoch.
        data: identity of the images: hashes, counts, fold.
        numerics: device, precision, threads.
        sessions: the processes that worked on the run, each with start, seconds and epochs.
        resources: memory and kernel launches, as far as they are known.
        constants: strengths of the constant placebos, by their paths in the network.
    """

    history: Sequence[EpochRow]
    data: Mapping[str, Any]
    numerics: Mapping[str, Any]
    sessions: Sequence[Mapping[str, Any]]
    resources: Mapping[str, Any] = field(default_factory=dict)
    constants: Mapping[str, float] = field(default_factory=dict)


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays as safetensors."""
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_bytes(path, save(contiguous))


def write_record(task: RunTask, outcome: TrainingOutcome) -> None:
    """Write the record of a finished run, after every file that it names."""
    run, cell, files, history = task.run, task.cell, task.files, outcome.history
    resolved = run_settings(cell, run, task.grid_point)
    finite = all(row.finite for row in history)
    outputs = [path for path in files.outputs if path.exists()]
    record = {
        **_heading(run, cell),
        "status": "ok" if finite else "diverged",
        **({} if finite else {"reason": f"the loss is no finite number after epoch {history[-1].epoch}"}),
        "configuration": resolved,
        "configuration_sha256": sha256_of_value(resolved),
        "data": outcome.data,
        "code": _code(cell),
        "environment": environment(),
        "numerics": outcome.numerics,
        "scheduler": scheduler(),
        **({"placebo_strengths": dict(outcome.constants)} if outcome.constants else {}),
        **({"resources": dict(outcome.resources)} if outcome.resources else {}),
        "command": command(),
        "finished": now(),
        "seconds": round(math.fsum(session["seconds"] for session in outcome.sessions), 3),
        "epochs": len(history),
        "final": last_epoch(history[-1], outcome.data["evaluated"]),
        "sessions": list(outcome.sessions),
        **_earlier_failures(files),
        "outputs": {p.name: {"sha256": sha256_of_file(p), "bytes": p.stat().st_size} for p in outputs},
    }
    write_json(files.record, record)


def write_skipped(files: RunPaths, run: Run, cell: Cell, reason: str) -> None:
    """Write the record of a run that can't be trained, for example because every grid point diverged."""
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


def data_record(store: DataStore, split: SplitOfRun, cell: Cell) -> dict[str, Any]:
    """Return the record's facts about the images of a run."""
    manifest = store.manifest
    copies = {} if split.copies is None else {"copies": len(split.copies.sources)}
    validation = {"validation_images": len(split.validation)} if len(split.validation) else {}
    return {
        "dataset": manifest["dataset"],
        "entry_sha256": manifest["entry_sha256"],
        "stand_in": manifest["stand_in"],
        "files": manifest["files"],
        "split_sha256": split_sha256(split),
        "training_images": len(split.training),
        "evaluated_images": len(split.evaluated),
        "evaluated": split.evaluated_name,
        **copies,
        **validation,
        **({"leak": cell.leak} if cell.leak else {}),
    }


def split_sha256(split: SplitOfRun) -> str:
    """Return the SHA-256, in hexadecimal, of the positions of all images of a split and of its oversampled images."""
    parts = [split.training, split.evaluated, split.validation]
    if split.copies is not None:
        parts.append(split.copies.sources)
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(np.ascontiguousarray(part, dtype="<i8").data)
    return digest.hexdigest()


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
        **git_state(CODE_FOLDER),
    }


def last_epoch(row: EpochRow, evaluated: str) -> dict[str, Any]:
    """Return the loss and the number of correct images after the last epoch, by split."""
    loss = {"loss": row.train_loss} if row.finite else {}
    final: dict[str, Any] = {"train": {**loss, "correct": row.train_correct, "images": row.train_images}}
    if row.validation_images:
        final["validation"] = {"correct": row.validation_correct, "images": row.validation_images}
    return {**final, evaluated: {"correct": row.correct, "images": row.images}}


def _earlier_failures(files: RunPaths) -> dict[str, Any]:
    """Return why earlier attempts at the run failed; empty where none did."""
    failures = earlier_failures(files.failure)
    return {"failures": failures} if failures else {}


def now() -> str:
    """Return the current time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
