"""Processes on a machine with several GPUs select different ones."""

import subprocess
import sys

import pytest

from medattn.errors import UserError
from medattn.training.device import choose_device

TAKE = """
import sys
from pathlib import Path
from medattn.training.device import least_used
print(least_used(["a", "b", "c"], Path(sys.argv[1])), flush=True)
sys.stdin.readline()
"""


@pytest.mark.heavy
def test_processes_hold_separate_gpus_then_share_evenly_and_a_killed_one_releases_its_gpu(tmp_path):
    def start() -> tuple[subprocess.Popen[str], int]:
        process = subprocess.Popen(
            [sys.executable, "-c", TAKE, str(tmp_path / "gpus")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return process, int(process.stdout.readline())

    started = [start() for _ in range(4)]
    try:
        assert [gpu for _, gpu in started] == [0, 1, 2, 0]
        process, gpu = started.pop(1)
        process.kill()
        process.communicate()
        started.append(start())
        assert started[-1][1] == gpu
    finally:
        for process, _ in started:
            process.kill()
            process.communicate()


def test_a_missing_gpu_is_one_line(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(UserError, match="finds no CUDA device here"):
        choose_device("cuda")
    assert choose_device("auto").type == choose_device("cpu").type == "cpu"
