"""Measure what refusing inputs that ask for too much takes: processor time, and memory beyond the libraries."""

import json
import subprocess
import sys
import tempfile

from ratios import ROOT, Ratio

SECONDS, BYTES = 1.0, 300 << 20


def measure() -> list[Ratio]:
    """Measure every input of tests/faults/refusing.py; the largest values count."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.faults.refusing", folder]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    slowest = max(found, key=lambda name: found[name]["seconds"])
    largest = max(found, key=lambda name: found[name]["bytes"])
    seconds, size = found[slowest]["seconds"], found[largest]["bytes"]
    count = f"{len(found)} inputs that ask for too much"
    return [
        Ratio(f"refusing {count}: the slowest / one second", seconds / SECONDS, 1.0, {f"{slowest}, s": seconds}),
        Ratio(f"refusing {count}: the largest / 300 MiB", size / BYTES, 1.0, {f"{largest}, MB": size / 1e6}),
    ]
