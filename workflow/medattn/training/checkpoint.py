"""The checkpoint of a run under way: everything up to the end of the last epoch, in one file that appears whole."""

import io
import pickle
import sys
from dataclasses import astuple
from pathlib import Path

import torch

from medattn.files import write_bytes
from medattn.training.history import EpochRow
from medattn.training.loop import TrainingState


def write_checkpoint(path: Path, state: TrainingState) -> None:
    """Write `state` to `path`; a reader finds the old checkpoint or this one, never half of it."""
    value = {
        "history": [astuple(row) for row in state.history],
        "scores": torch.stack(state.scores),
        "map_before": state.map_before,
        "network": state.network,
        "optimiser": state.optimiser,
    }
    # By way of memory: a full disk is then told by the operating system, and not as a failure inside torch.
    buffer = io.BytesIO()
    torch.save(value, buffer)
    write_bytes(path, buffer.getvalue())


def read_checkpoint(path: Path, device: torch.device) -> TrainingState:
    """Return the state in `path`, or a fresh one where there is no checkpoint.

    One that can't be read is named on stderr, and the run starts again. Only tensors and plain values are unpickled
    (`weights_only`).
    """
    if not path.exists():
        return TrainingState()
    try:
        value = torch.load(path, map_location=device, weights_only=True)
        return TrainingState(
            history=[EpochRow(*row) for row in value["history"]],
            scores=list(value["scores"].cpu()),
            map_before=None if value["map_before"] is None else value["map_before"].cpu(),
            network=value["network"],
            optimiser=value["optimiser"],
        )
    except (
        RuntimeError,
        ValueError,
        TypeError,
        KeyError,
        EOFError,
        OSError,
        pickle.UnpicklingError,
    ) as error:
        print(f"{path}: damaged checkpoint ({type(error).__name__}); the run starts again", file=sys.stderr)
        return TrainingState()
