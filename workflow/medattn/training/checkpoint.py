"""The checkpoint of a run under way: everything up to the end of the last epoch, in one file that appears whole."""

import hashlib
import io
import sys
from dataclasses import astuple
from pathlib import Path

import torch

from medattn.files import write_bytes
from medattn.training.history import EpochRow
from medattn.training.loop import TrainingState

_HASH = hashlib.sha256().digest_size


def write_checkpoint(path: Path, state: TrainingState) -> None:
    """Write `state` to `path`, behind its SHA-256; a reader finds the old checkpoint or this one, never half of it."""
    value = {
        "history": [astuple(row) for row in state.history],
        "scores": torch.stack(state.scores),
        "map_before": state.map_before,
        "network": state.network,
        "optimizer": state.optimizer,
    }
    # By way of memory: a full disk is then told by the operating system, and not as a failure inside torch.
    buffer = io.BytesIO()
    torch.save(value, buffer)
    content = buffer.getvalue()
    write_bytes(path, hashlib.sha256(content).digest() + content)


def read_checkpoint(path: Path, device: torch.device) -> TrainingState:
    """Return the state in `path`, or a fresh one where there is no checkpoint.

    One that is not as it was written is named on stderr, and the run starts again. Only tensors and plain values are
    unpickled (`weights_only`).
    """
    if not path.exists():
        return TrainingState()
    content = path.read_bytes()
    try:
        if hashlib.sha256(content[_HASH:]).digest() != content[:_HASH]:
            raise ValueError("its hash is another one")
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
    except Exception as error:  # what the unpickler says of a file that only looks right has no one type
        print(f"{path}: damaged checkpoint ({type(error).__name__}); the run starts again", file=sys.stderr)
        return TrainingState()
