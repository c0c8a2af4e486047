"""How long `snakemake -n` of a plan of 20,000 runs takes, as a multiple of an empty workflow's dry run.

Makes a checkout-like folder with the workflow and a selection of the GSA paper on fourteen copies of the phantom data
set, then times both dry runs in turn, several times, and prints the ratio of the medians.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SNAKEMAKE = [sys.executable, "-m", "snakemake", "-n", "--quiet", "all"]
EMPTY = "rule all:\n"
TAKEN = {"experiments": ["networks"], "backbones": []}


def selection(datasets: int) -> dict[str, object]:
    """Return a selection of the GSA paper on so many phantoms: 1,440 runs of networks for each."""
    source = {"kind": "phantom", "counts": {"train": [40, 40], "test": [10, 10]}}
    entry = {"title": "Phantom", "source": source, "classes": ["none", "lesion"]}
    names = [f"phantom{number}" for number in range(datasets)]
    backbones = {name: {"model": f"torchvision/{name}"} for name in ("googlenet", "vgg16", "resnet152", "densenet161")}
    return {
        "selection": "many",
        "papers": {"gsa": {**TAKEN, "datasets": names, "extra_backbones": backbones}},
        "datasets": dict.fromkeys(names, entry),
    }


def seconds(command: list[str], folder: Path) -> float:
    """Return how long `command` takes in `folder`."""
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Print sizes, medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", type=int, default=14, help="phantom data sets (default: 14, 20,000 runs)")
    parser.add_argument("--times", type=int, default=5, help="dry runs of each (default: 5)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        many, empty = Path(folder) / "many", Path(folder) / "empty"
        empty.mkdir()
        (empty / "Snakefile").write_text(EMPTY)
        many.mkdir()
        for name in ("workflow", "papers", "envs"):
            shutil.copytree(ROOT / name, many / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        shutil.copy(ROOT / "Snakefile", many)
        (many / "config.yaml").write_text(json.dumps(selection(arguments.datasets)))
        pairs = [(seconds(SNAKEMAKE, many), seconds(SNAKEMAKE, empty)) for _ in range(arguments.times)]
        plan = json.loads((many / "results/many/plan.json").read_text())
        graph = json.loads((many / "results/many/graph.json").read_text())
    jobs = len(graph["packs"]) + len(graph["choices"]) + len(graph["datasets"])
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{len(plan['runs']):,} runs in {len(plan['packs'])} packs, {jobs} jobs before measuring")
    print(f"dry run {ours:.2f} s, empty workflow {theirs:.2f} s, ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
