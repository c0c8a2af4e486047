"""Kill a pack fifty times at random moments, and compare its results with those of an uninterrupted pack.

Trains the same pack twice: uninterrupted, and by processes that are each killed (SIGKILL) at a random moment. Prints
whether finished runs were trained again or results changed, and the most work that a kill lost, which may be 25 times
the slowest write of a checkpoint and one epoch.
"""

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from medattn.training.checkpoint import LEAST_RATIO, read_checkpoint

PAPER = """
title: Kills
citation: medattn, benchmarks/kills.py
datasets: [phantom]
backbones: {net: {model: torchvision/squeezenet1_1, input_size: 28}}
arms: {vanilla: {}, gsa: {mechanism: gsa, options: {channels: 4, cutoff_epoch: 5}}}
recipe: {epochs: 10, batch_size: 8, learning_rate: 0.001}
protocol: {kind: cross_validated_epochs, folds: 5, measured_epochs: 2}
"""
SELECTION = """
selection: kills
papers: {kills: {}}
datasets:
  phantom: {source: {size: 12, counts: {train: [20, 20], test: [6, 6]}}, classes: [healthy, ill]}
seeds: [0, 1, 2]
pack: 100
pack_across_cells: true
device: cpu
"""
OUTPUTS = ("history.csv", "scores.safetensors", "maps.safetensors")


def make_project(folder: Path) -> str:
    """Write paper and selection, prepare the images, and return the pack that is trained."""
    (folder / "papers/kills").mkdir(parents=True)
    (folder / "papers/kills/paper.yaml").write_text(PAPER)
    (folder / "config.yaml").write_text(SELECTION)
    for arguments in (["plan", "--write"], ["fetch", "--config", "config.yaml"]):
        subprocess.run([sys.executable, "-m", "medattn", *arguments], cwd=folder, check=True, capture_output=True)
    packs = json.loads((folder / "results/kills/plan.json").read_text())["packs"]
    return next(name for name, pack in packs.items() if pack["stage"] == "tune")


def start(folder: Path, pack: str) -> subprocess.Popen[bytes]:
    """Start a process that trains the pack."""
    command = [sys.executable, "-m", "medattn", "train", "--plan", "results/kills/plan.json", "--pack", pack, "-v"]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(command, cwd=folder, stderr=log)


def uninterrupted(folder: Path, pack: str) -> tuple[float, float]:
    """Train the pack; return the seconds until the first epoch finished, and the total seconds."""
    started, first = time.monotonic(), 0.0
    process = start(folder, pack)
    while process.poll() is None:
        if not first and any(runs(folder).rglob("sessions.json")):
            first = time.monotonic() - started
        time.sleep(0.01)
    if process.returncode:
        raise SystemExit("the uninterrupted pack failed")
    return first, time.monotonic() - started


def runs(folder: Path) -> Path:
    """Return the folder of the runs."""
    return folder / "results/kills/runs"


def records(folder: Path) -> dict[str, int]:
    """Return the finished runs with the time at which they were written."""
    return {str(path): path.stat().st_mtime_ns for path in runs(folder).rglob("record.json")}


def outputs(folder: Path) -> dict[str, bytes]:
    """Return the output files of the runs."""
    found = (path for path in runs(folder).rglob("*") if path.name in OUTPUTS)
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def lost_seconds(folder: Path) -> float:
    """Return the seconds of the finished epochs that no checkpoint has, of the run that was killed."""
    lost = 0.0
    for path in runs(folder).rglob("sessions.json"):
        if not (path.parent / "record.json").exists():
            session = json.loads(path.read_text())[-1]
            kept = len(read_checkpoint(path.parent / "checkpoint.pt", torch.device("cpu")).history)
            trained = session["epochs_at_end"] - session["epochs_at_start"]
            each = session["seconds"] / trained if trained else 0.0
            lost = max(lost, (session["epochs_at_end"] - kept) * each)
    return lost


def slowest_write(folder: Path) -> float:
    """Return the seconds of the slowest write of a checkpoint; at least what is assumed before the first one."""
    found = re.findall(r"written in ([0-9.]+) s", (folder / "log").read_text())
    largest = max((path.stat().st_size for path in runs(folder).rglob("checkpoint.pt")), default=10_000_000)
    return max([largest / 1e8, *map(float, found)])


def main() -> int:
    """Print the effects of the kills; return 1 if they changed anything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, help="number of kills (default: 50)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the moments (default: 0)")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        alone, killed = Path(name) / "alone", Path(name) / "killed"
        pack = make_project(alone)
        starting, whole = uninterrupted(alone, pack)
        make_project(killed)
        again = changed = done = 0
        lost = slowest = 0.0
        while done < arguments.kills:
            before = records(killed)
            process = start(killed, pack)
            time.sleep(chance.uniform(starting / 2, starting + (whole - starting) / 5))
            process.kill()
            if process.wait() == 0:  # too late: start again
                changed += outputs(killed) != outputs(alone)
                shutil.rmtree(killed)
                make_project(killed)
                continue
            done += 1
            after = records(killed)
            again += sum(after.get(run) != stamp for run, stamp in before.items())
            lost, slowest = max(lost, lost_seconds(killed)), max(slowest, slowest_write(killed))
        if start(killed, pack).wait():
            raise SystemExit("the pack that was killed did not succeed")
        expected, expected_runs = outputs(alone), records(alone)
        changed += outputs(killed) != expected
    print(f"{done} kills at random moments of a pack of {len(expected_runs)} runs ({whole:.0f} s uninterrupted)")
    allowed = LEAST_RATIO * slowest + whole / len(expected_runs) / 10  # a run has ten epochs
    print(f"finished runs trained again or lost: {again}; a kill lost at most {lost:.1f} s of {allowed:.1f} s allowed")
    print("results: " + ("changed" if changed else "the same bytes"))
    return 1 if again or changed or lost > allowed else 0


if __name__ == "__main__":
    sys.exit(main())
