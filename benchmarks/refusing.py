"""Measure what refusing inputs that ask for too much takes: seconds of processor time and memory beyond the imports.

Prints a line for each input of tests/faults/refusing.py, the largest first. Exit code 1: one takes more than a second
or 300 MB.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SECONDS, BYTES = 1.0, 300 << 20


def main() -> int:
    """Print the figures; return 1 if one is beyond its limit."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.faults.refusing", folder]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    for name, figures in sorted(found.items(), key=lambda item: -item[1]["seconds"]):
        print(f"{figures['seconds']:6.2f} s  {figures['bytes'] / 1e6:6.1f} MB  {name}")
    beyond = [name for name, each in found.items() if each["seconds"] > SECONDS or each["bytes"] > BYTES]
    print(f"beyond {SECONDS:g} s or {BYTES >> 20} MiB: {', '.join(beyond) or 'none'}")
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main())
