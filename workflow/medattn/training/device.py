"""The device of a process: its selection, its memory, and copies to it."""

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
    """Select the device for "auto", "cpu" or "cuda": on a machine with several GPUs, the least-used one.

    Raises:
        UserError: `wanted` is "cuda" and PyTorch finds no CUDA device.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "device: cuda was asked for, but PyTorch finds no CUDA device here; use 'device: auto' or 'cpu'"
        )
    if wanted == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    gpus = [str(torch.cuda.get_device_properties(i).uuid) for i in range(torch.cuda.device_count())]
    index = least_used(gpus, _folder()) if len(gpus) > 1 else 0
    torch.cuda.set_device(index)
    return torch.device("cuda", index)


def free_memory(device: torch.device) -> int | None:
    """Return the free bytes of a GPU; None on the CPU, where no image has to be moved."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """Return `tensor` on `device`; a copy from the host to a GPU does not wait for the GPU."""
    if tensor.device.type == "cpu" and device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def reset_peak_memory(device: torch.device) -> None:
    """Start a new measurement of the peak memory of a GPU; do nothing on the CPU, whose memory all runs share."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_memory(device: torch.device) -> dict[str, int]:
    """Return `gpu_peak_bytes`, the most bytes that tensors held since the reset; empty on the CPU."""
    return {"gpu_peak_bytes": torch.cuda.max_memory_allocated(device)} if device.type == "cuda" else {}


_held: list[IO[str]] = []


def least_used(gpus: list[str], folder: Path) -> int:
    """Select the GPU that the fewest other processes hold, hold it until this process ends, and return its index.

    Processes of a machine see each other by locks on files in `folder`, which the operating system releases when a
    process ends. A Slurm job sees the GPUs that it was given only.

    Args:
        gpus: UUIDs of the GPUs of this machine.
        folder: folder on a local disk, where locks of the operating system hold.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_uid != os.getuid():  # another user made it
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
