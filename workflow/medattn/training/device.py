"""Which device a process trains on, on a machine with several GPUs one that the fewest others have; what goes there."""

import fcntl
import os
import tempfile
from pathlib import Path
from typing import IO

import torch
from torch import Tensor

from medattn.errors import UserError

_JOBS_A_GPU = 64


def choose_device(wanted: str) -> torch.device:
    """Return the device for "auto", "cpu" or "cuda"; a GPU is this process's, as far as there are enough, to its end.

    Raises:
        UserError: CUDA is asked for and there is none.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "device: cuda was asked for, but PyTorch finds no CUDA device here; use 'device: auto' or 'cpu'"
        )
    if wanted == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    gpus = [str(torch.cuda.get_device_properties(i).uuid) for i in range(torch.cuda.device_count())]
    index = take_one(gpus, _folder()) if len(gpus) > 1 else 0
    torch.cuda.set_device(index)
    return torch.device("cuda", index)


def free_memory(device: torch.device) -> int | None:
    """Return the bytes that are free on a GPU; None on the CPU, where nothing has to be moved."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """Return `tensor` on `device`, sent there without waiting for the device where it comes from the host."""
    if tensor.device.type == "cpu" and device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


_held: list[IO[str]] = []


def take_one(gpus: list[str], folder: Path) -> int:
    """Return the index of a GPU that no other process has, or else of one that the fewest have; hold it.

    The operating system takes it back when the process ends, in whatever way. Processes of a machine see each other by
    files in `folder`; a Slurm job sees the GPUs that it was given and no others.

    Args:
        gpus: what tells the GPUs of this machine from each other (their UUIDs).
        folder: on a disk of this machine, where locks of the operating system hold.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_uid != os.getuid():  # somebody else's idea
        return 0
    for place in range(_JOBS_A_GPU):
        for index, gpu in enumerate(gpus):
            stream = (folder / f"{gpu}.{place}").open("a")
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                stream.close()
                continue
            _held.append(stream)
            return index
    return 0


def _folder() -> Path:
    return Path(tempfile.gettempdir()) / f"medattn-gpus-{os.getuid()}"
