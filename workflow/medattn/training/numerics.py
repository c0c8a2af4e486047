"""Numerics of a run: threads, precision, determinism. The recipe decides them, never the machine."""

import os
import re
import warnings
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch

from medattn.config.models.recipe import Recipe

_NONDETERMINISTIC = re.compile(r"(\S+) does not have a deterministic implementation")


def fix_numerics(recipe: Recipe) -> None:
    """Set threads, precision and determinism of this process to those of the recipe."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(recipe.threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    # The default fills every new tensor first, which costs a pass over its memory and guards against other bugs only.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cuda.matmul.allow_tf32 = recipe.precision == "tf32"
    torch.backends.cudnn.allow_tf32 = recipe.precision == "tf32"


@contextmanager
def recorded_nondeterminism() -> Iterator[set[str]]:
    """Collect the names of operations within the block that have no deterministic form on their device.

    CUDA has none for a few backward passes, such as that of adaptive pooling. PyTorch warns of each.
    """
    found: set[str] = set()
    with warnings.catch_warnings():
        shown = warnings.showwarning

        def collect(message: Warning | str, category: type[Warning], filename: str, lineno: int, *rest: Any) -> None:
            named = _NONDETERMINISTIC.match(str(message))
            if named:
                found.add(named[1])
            else:
                shown(message, category, filename, lineno, *rest)

        warnings.filterwarnings("always", message=_NONDETERMINISTIC.pattern)
        warnings.showwarning = collect  # type: ignore[assignment]
        yield found


def autocast(recipe: Recipe, device: torch.device) -> AbstractContextManager[Any]:
    """Return the context in which the network computes: bfloat16 autocast, or nothing."""
    if recipe.precision == "bf16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def memory_format(recipe: Recipe, device: torch.device) -> torch.memory_format:
    """Return the memory format of feature maps and weights, which determines the kernels that PyTorch selects.

    Channels last on the CPU, where it is faster (benchmarks/README.md), and on CUDA with tensor cores, which compute in
    it; PyTorch's default on CUDA in float32.
    """
    if device.type == "cpu" or recipe.precision != "fp32":
        return torch.channels_last
    return torch.contiguous_format


def numerics_record(recipe: Recipe, device: torch.device, nondeterministic: Collection[str] = ()) -> dict[str, Any]:
    """Return the record's facts about the numerics.

    Args:
        recipe: recipe of the run.
        device: device of the run.
        nondeterministic: operations of the run without a deterministic form.
    """
    on_gpu = device.type == "cuda"
    return {
        "device": device.type,
        "precision": recipe.precision,
        "threads": recipe.threads,
        "memory_format": str(memory_format(recipe, device)).removeprefix("torch."),
        "deterministic": not nondeterministic,
        **({"nondeterministic_operations": sorted(nondeterministic)} if nondeterministic else {}),
        **({"gpu": torch.cuda.get_device_name(device), "cuda": torch.version.cuda} if on_gpu else {}),
        **(
            {"cudnn": torch.backends.cudnn.version()}  # type: ignore[no-untyped-call]
            if on_gpu
            else {"cpu_capability": torch.backends.cpu.get_cpu_capability()}
        ),
    }
