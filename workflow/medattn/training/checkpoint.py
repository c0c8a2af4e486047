"""Checkpoints: the state of a run at the end of an epoch, in one file that is replaced atomically.

A checkpoint is written while nothing else happens: a copy of the state, to write it beside the training, would take as
much memory again. It is written as it is serialized, without a copy. The scores of the epochs are in a file of their
own (training/score_log.py).
"""

import hashlib
import logging
import os
import time
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from medattn.files import atomic_write
from medattn.training.history import EpochRow
from medattn.training.loop import TrainingState

log = logging.getLogger(__name__)

_HASH = hashlib.sha256().digest_size
_CHUNK = 1 << 24
LEAST_RATIO = 25
"""Training time between two checkpoints, in times that the last one took to write: checkpoints cost at most 4%."""
_BYTES_PER_SECOND = 1e8
"""Assumed speed of writing a checkpoint before the first one is measured; few disks are slower."""


def write_checkpoint(path: Path, state: TrainingState) -> None:
    """Write `state` to `path`, after its SHA-256; a reader finds the old checkpoint or the new one, never a part.

    Raises:
        UserError: the disk is full or read-only.
    """
    value = {
        "history": [astuple(row) for row in state.history],
        "map_before": state.map_before,
        "network": state.network,
        "optimizer": state.optimizer,
    }
    atomic_write(path, lambda temporary: _write(temporary, value))


def read_checkpoint(path: Path, device: torch.device) -> TrainingState:
    """Return the state in `path`, without scores, or an empty state where there is no valid checkpoint.

    A damaged checkpoint is logged and ignored. Only tensors and plain values are unpickled (`weights_only`).
    """
    if not path.exists():
        return TrainingState()
    try:
        with path.open("rb") as stream:
            expected, digest = stream.read(_HASH), hashlib.sha256()
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
            if digest.digest() != expected:
                raise ValueError("the hash differs")
            stream.seek(_HASH)
            value = torch.load(stream, map_location=device, weights_only=True)
        return TrainingState(
            history=[EpochRow(*row) for row in value["history"]],
            map_before=None if value["map_before"] is None else value["map_before"].cpu(),
            network=value["network"],
            optimizer=value["optimizer"],
        )
    except (torch.OutOfMemoryError, MemoryError):
        raise
    except Exception as error:  # the unpickler raises errors of many types on damaged files
        log.warning("%s: damaged checkpoint (%s); the run starts again", path, type(error).__name__)
        return TrainingState()


class CheckpointWriter:
    """Writer of a run's checkpoints. The clock decides when it writes, which never changes a result.

    Args:
        path: the file.
        every: number of epochs from one checkpoint to the next, or `auto`: when training has taken 25 times as long
            as the last checkpoint took to write. Before the first one, that is estimated from its size.
        flush: called before each checkpoint, for files that it needs on the disk.
        clock: seconds.
    """

    def __init__(
        self,
        path: Path,
        every: int | Literal["auto"],
        flush: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._every, self._flush, self._clock = path, every, flush, clock
        self._epochs, self._since = 0, clock()
        self._seconds: float | None = None

    def write_if_due(self, state: TrainingState) -> None:
        """Write a checkpoint if it is due after this epoch."""
        if self._every != "auto":
            is_due = len(state.history) % self._every == 0
        else:
            if self._seconds is None:
                self._seconds = _bytes_of([state.network, state.optimizer]) / _BYTES_PER_SECOND
            is_due = self._clock() - self._since >= LEAST_RATIO * self._seconds
        if is_due:
            self.write(state)

    def write(self, state: TrainingState) -> None:
        """Write a checkpoint unless the last one is of the same epoch."""
        if len(state.history) == self._epochs:
            return
        started = self._clock()
        self._flush()
        write_checkpoint(self._path, state)
        self._epochs, self._since = len(state.history), self._clock()
        self._seconds = self._since - started
        log.debug("checkpoint after epoch %d, written in %.2f s", self._epochs, self._seconds)


class _HashingStream:
    """Stream that hashes what it writes, and keeps the error of a write, which torch reports as another one."""

    def __init__(self, stream: Any) -> None:
        self._stream, self.digest = stream, hashlib.sha256()
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        try:
            return int(self._stream.write(data))
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        self._stream.flush()


def _write(path: Path, value: object) -> None:
    with path.open("wb") as stream:
        stream.write(bytes(_HASH))
        hashing = _HashingStream(stream)
        try:
            torch.save(value, hashing)  # type: ignore[arg-type]
        except Exception:
            if hashing.error is not None:
                raise hashing.error from None
            raise
        stream.seek(0, os.SEEK_SET)
        stream.write(hashing.digest.digest())


def _bytes_of(value: object) -> int:
    """Return the bytes of all tensors in nested mappings and lists."""
    if isinstance(value, Tensor):
        return value.nbytes
    if isinstance(value, dict):
        return sum(_bytes_of(item) for item in value.values())
    if isinstance(value, list | tuple):
        return sum(_bytes_of(item) for item in value)
    return 0
