"""The most memory that a run took on a GPU."""

import torch


def forget_peak(device: torch.device) -> None:
    """Begin to look anew; on the CPU, where several runs share the process's memory, there is nothing to look at."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def gpu_memory(device: torch.device) -> dict[str, int]:
    """Return `gpu_peak_bytes`, the most bytes that tensors held at once; nothing on the CPU."""
    return {"gpu_peak_bytes": torch.cuda.max_memory_allocated(device)} if device.type == "cuda" else {}
