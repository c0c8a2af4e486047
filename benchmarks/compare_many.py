"""How much processor time and memory measuring and comparing 10,000 runs takes.

Makes a checkout-like folder with the PPCR paper on a hundred phantoms, ten arms, two networks and five seeds, leaves
scores and records as training would (120 test images, four classes, ten epochs), and runs `medattn measure` and
`medattn compare` on them, each in a process of its own.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from medattn.files import sha256_of_file
from medattn.layout import Results
from medattn.plan.frozen import read_plan

ROOT = Path(__file__).resolve().parent.parent
EPOCHS, IMAGES, CLASSES = 10, 120, 4


def selection(datasets: int) -> dict[str, object]:
    """Return a selection of so many phantoms: 100 runs each."""
    source = {"kind": "phantom", "counts": {"train": [40] * CLASSES, "test": [30] * CLASSES}}
    entry = {"title": "Phantom", "source": source, "classes": [f"class {number}" for number in range(CLASSES)]}
    names = [f"phantom{number}" for number in range(datasets)]
    taken = {"experiments": ["medmnist"], "datasets": names, "protocol": {"kind": "fixed_epoch"}}
    return {"selection": "many", "papers": {"ppcr": taken}, "datasets": dict.fromkeys(names, entry)}


def leave_runs(results: Results) -> int:
    """Write scores and record of every run of the plan; return their number."""
    runs = [run for run in read_plan(results.plan).runs.values() if run.stage == "train"]
    labels = np.arange(IMAGES) % CLASSES
    for number, run in enumerate(runs):
        files = results.run(run.cell, run.name)
        files.folder.mkdir(parents=True)
        logits = np.random.default_rng(number).normal(0, 1, (EPOCHS, IMAGES, CLASSES)) + 2 * np.eye(CLASSES)[labels]
        scores = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
        save_file(
            {"scores": scores.astype(np.float32), "labels": labels, "images": np.arange(IMAGES) + 160}, files.scores
        )
        outputs = {"scores.safetensors": {"sha256": sha256_of_file(files.scores)}}
        files.record.write_text(json.dumps({"status": "ok", "epochs": EPOCHS, "seconds": 1.0, "outputs": outputs}))
    return len(runs)


def timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Return the seconds of processor time that a command of medattn takes, and the most memory so far in GiB."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    before = _processor()
    subprocess.run([sys.executable, "-m", "medattn", *command], cwd=folder, check=True, env=environment)
    return _processor() - before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print runs, seconds and memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", type=int, default=100, help="phantom data sets (default: 100, 10,000 runs)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "papers", folder / "papers")
        (folder / "config.yaml").write_text(json.dumps(selection(arguments.datasets)))
        subprocess.run(
            [sys.executable, "-m", "medattn", "plan", "--write"], cwd=folder, check=True, capture_output=True
        )
        results = Results(folder / "results/many")
        print(f"{leave_runs(results):,} runs")
        for command in ("measure", "compare"):
            seconds, memory = timed([command, "--plan", str(results.plan.relative_to(folder))], folder)
            print(f"{command}: {seconds:.1f} s of one core, {memory:.2f} GiB at most")


if __name__ == "__main__":
    main()
