"""Kill a pack fifty times at random moments, and compare its results with those of an uninterrupted pack.

Trains the same pack twice: uninterrupted, and by processes that are each killed (SIGKILL) at a random moment. Prints
whether finished runs were trained again, epochs were lost, or results changed.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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
    command = [sys.executable, "-m", "medattn", "train", "--plan", "results/kills/plan.json", "--pack", pack]
    return subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL)


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


def epochs_on_disk(folder: Path) -> int:
    """Return the epochs that are finished, in all runs."""
    sessions = {path.parent: json.loads(path.read_text()) for path in runs(folder).rglob("sessions.json")}
    epochs = {run: earlier[-1]["epochs_at_end"] for run, earlier in sessions.items()}
    epochs |= {path.parent: json.loads(path.read_text())["epochs"] for path in runs(folder).rglob("record.json")}
    return sum(epochs.values())


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
        again = changed = backwards = done = 0
        while done < arguments.kills:
            before, epochs = records(killed), epochs_on_disk(killed)
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
            backwards += epochs_on_disk(killed) < epochs
        if start(killed, pack).wait():
            raise SystemExit("the pack that was killed did not succeed")
        expected, expected_runs = outputs(alone), records(alone)
        changed += outputs(killed) != expected
    print(f"{done} kills at random moments of a pack of {len(expected_runs)} runs ({whole:.0f} s uninterrupted)")
    print(f"finished runs trained again or lost: {again}; kills after which fewer epochs were kept: {backwards}")
    print("results: " + ("changed" if changed else "the same bytes"))
    return 1 if again or changed or backwards else 0


if __name__ == "__main__":
    sys.exit(main())
