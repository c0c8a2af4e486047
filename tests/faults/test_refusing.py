"""Refusing an input that asks for too much: one line, about a second of processor time, less than 300 MB of memory.

`make bench BENCH="--only refusing"` measures the exact figures.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .refusing import CASES, MEMORY

SECONDS = 5
"""Seconds of processor time; a second on the machine of the benchmarks, and five where it is slower or shared."""


@pytest.fixture(scope="module")
def refusals(tmp_path_factory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("refusing")
    command = [sys.executable, "-m", "tests.faults.refusing", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_refusing_is_one_line_in_bounded_time_and_memory(refusals, case):
    found = refusals[case]
    assert found["code"] == 2, found["lines"][-5:]
    assert len(found["lines"]) == 1, found["lines"][-5:]
    assert found["lines"][0].startswith("medattn: ")
    assert len(found["lines"][0]) < 1300
    assert found["seconds"] < SECONDS
    assert found["bytes"] < MEMORY
    assert not found["hacked"]
