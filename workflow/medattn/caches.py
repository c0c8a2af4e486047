"""Caches of libraries, in a temporary folder where the home folder can't be written."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# Variables that name the caches and settings of matplotlib, torch, torchvision, timm, Triton and numba.
_VARIABLES = (
    "MPLCONFIGDIR",
    "XDG_CACHE_HOME",
    "TORCH_HOME",
    "TORCHINDUCTOR_CACHE_DIR",
    "TRITON_CACHE_DIR",
    "HF_HOME",
    "NUMBA_CACHE_DIR",
)


def use_writable_caches() -> None:
    """Let libraries write their caches into a temporary folder, if the home folder is missing or can't be written.

    Variables that are set keep their values. The folder is removed when the process ends.
    """
    if _is_writable(_home() / ".cache") and _is_writable(_home() / ".config"):
        return
    missing = [name for name in _VARIABLES if not os.environ.get(name)]
    if not missing:
        return
    try:
        folder = tempfile.mkdtemp(prefix="medattn-cache-")
    except OSError:
        return
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ.update({name: str(Path(folder) / name.lower()) for name in missing})
    (Path(folder) / "mplconfigdir").mkdir()


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # without HOME, and without an entry of this user
        return Path(os.devnull)


def _is_writable(folder: Path) -> bool:
    """Return whether a folder can be written, or created in the nearest folder above it."""
    while folder != folder.parent and not _may(folder, os.F_OK):
        folder = folder.parent
    return _may(folder, os.W_OK | os.X_OK) and folder.is_dir()


def _may(folder: Path, mode: int) -> bool:
    """Return whether this user may access a folder; no error where it lies in another user's home folder."""
    return os.access(folder, mode, effective_ids=os.access in os.supports_effective_ids)
