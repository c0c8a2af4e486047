"""Compare `snakemake -n` of the default selection and of 20,000 runs with that of an empty workflow.

The benchmark makes checkout-like folders with the workflow: one with config.yaml, one with a selection of the GSA paper
on fourteen copies of the phantom data set.
"""

import json
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

from ratios import ROOT, Ratio, interleaved, medattn, seconds_of

SNAKEMAKE = [sys.executable, "-m", "snakemake", "-n", "--quiet", "all"]
EMPTY = "rule all:\n"
TAKEN = {"experiments": ["networks"], "backbones": []}


def selection(datasets: int) -> dict[str, object]:
    """Return a selection of the GSA paper on `datasets` phantoms: 1,440 runs of networks for each."""
    source = {"kind": "phantom", "counts": {"train": [40, 40], "test": [10, 10]}}
    entry = {"title": "Phantom", "source": source, "classes": ["none", "lesion"]}
    names = [f"phantom{number}" for number in range(datasets)]
    backbones = {name: {"model": f"torchvision/{name}"} for name in ("googlenet", "vgg16", "resnet152", "densenet161")}
    return {
        "selection": "many",
        "papers": {"gsa": {**TAKEN, "datasets": names, "extra_backbones": backbones}},
        "datasets": dict.fromkeys(names, entry),
    }


def checkout(folder: Path, configuration: str) -> Path:
    """Return a folder with the workflow and a selection."""
    folder.mkdir()
    for name in ("workflow", "papers", "envs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy(ROOT / "Snakefile", folder)
    (folder / "config.yaml").write_text(configuration)
    return folder


def measure(full: bool, datasets: int = 14) -> list[Ratio]:
    """Measure the dry runs of the default selection and of 20,000 runs, interleaved with that of an empty workflow."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        default = checkout(folder / "default", (ROOT / "config.yaml").read_text())
        many = checkout(folder / "many", json.dumps(selection(datasets)))
        empty = folder / "empty"
        empty.mkdir()
        (empty / "Snakefile").write_text(EMPTY)
        arms = {place.name: partial(seconds_of, SNAKEMAKE, place) for place in (default, many, empty)}
        best = interleaved(arms, 5 if full else 3)
        seconds_of(medattn("plan", "--write"), many)
        plan = json.loads((many / "results/many/plan.json").read_text())
    measured = {f"{name}, s": value for name, value in best.items()} | {"runs of many": len(plan["runs"])}
    return [
        Ratio("dry run: default selection / empty workflow", best["default"] / best["empty"], 3.0, measured),
        Ratio(f"dry run: {len(plan['runs']):,} runs / empty workflow", best["many"] / best["empty"], None, measured),
    ]
