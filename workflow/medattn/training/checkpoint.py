"""Checkpoints: the state of a run at the end of an epoch, in one file that is replaced atomically."""

import hashlib
import io
import logging
import math
import time
from dataclasses import astuple
from pathlib import Path

import torch

from medattn.files import write_bytes
from medattn.reading import read_bytes
from medattn.training.history import EpochRow
from medattn.training.loop import TrainingState

log = logging.getLogger(__name__)

_HASH = hashlib.sha256().digest_size


def write_checkpoint(path: Path, state: TrainingState) -> None:
    """Write `state` to `path`, after its SHA-256; a reader finds the old checkpoint or the new one, never a part."""
    value = {
        "history": [astuple(row) for row in state.history],
        "scores": torch.stack(state.scores),
        "map_before": state.map_before,
        "network": state.network,
        "optimizer": state.optimizer,
    }
    # Serialized in memory first, since torch reports a full disk as an internal error.
    buffer = io.BytesIO()
    torch.save(value, buffer)
    content = buffer.getvalue()
    write_bytes(path, hashlib.sha256(content).digest() + content)


def read_checkpoint(path: Path, device: torch.device) -> TrainingState:
    """Return the state in `path`, or an empty state where there is no valid checkpoint.

    A damaged checkpoint is logged and ignored. Only tensors and plain values are unpickled (`weights_only`).
    """
    if not path.exists():
        return TrainingState()
    try:
        content = read_bytes(path, limit=1 << 40)
        if hashlib.sha256(content[_HASH:]).digest() != content[:_HASH]:
            raise ValueError("the hash differs")
        value = torch.load(io.BytesIO(content[_HASH:]), map_location=device, weights_only=True)
        return TrainingState(
            history=[EpochRow(*row) for row in value["history"]],
            scores=list(value["scores"].cpu()),
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
    """Writer of a run's checkpoints, with a minimum number of seconds between two of them."""

    def __init__(self, path: Path, seconds: float) -> None:
        self._path, self._seconds = path, seconds
        self._epochs, self._clock = 0, -math.inf

    def write_if_due(self, state: TrainingState) -> None:
        """Write a checkpoint unless the last one is too recent."""
        if time.monotonic() - self._clock >= self._seconds:
            self.write(state)

    def write(self, state: TrainingState) -> None:
        """Write a checkpoint unless the last one is of the same epoch."""
        if len(state.history) != self._epochs:
            write_checkpoint(self._path, state)
            self._epochs, self._clock = len(state.history), time.monotonic()
            log.debug("checkpoint after epoch %d", self._epochs)
