"""Compare a pack of eight short runs with one process per run, and with its training loops plus one job start.

The training loop of a run takes the seconds in its record: from the built network to the written files. A start is the
import of everything that training needs, in a fresh Python.
"""

import json
import tempfile
from pathlib import Path

import yaml
from ratios import Ratio, medattn, python, seconds_of

RUNS = 8
PAPER = {
    "title": "Packs",
    "citation": "medattn, benchmarks/packs.py",
    "datasets": ["phantom"],
    "backbones": {"net": {"model": "timm/test_resnet", "input_size": 28}},
    "arms": {"vanilla": {}},
    "recipe": {"epochs": 12, "learning_rate": 0.001},
    "protocol": {"kind": "fixed_epoch"},
}
START = "import medattn.training.run, medattn.backbones.build, torchvision, timm"


def project(folder: Path, pack: int, device: str, runs_at_once: int = 1) -> list[str]:
    """Write paper and selection, prepare the images, and return the packs."""
    (folder / "papers/packs").mkdir(parents=True)
    (folder / "papers/packs/paper.yaml").write_text(yaml.safe_dump(PAPER))
    source = {"size": 28, "counts": {"train": [120, 120], "test": [40, 40]}}
    selection = {
        "selection": "packs",
        "papers": {"packs": {}},
        "datasets": {"phantom": {"source": source, "classes": ["healthy", "ill"]}},
        "seeds": list(range(RUNS)),
        "pack": pack,
        "device": device,
        **({"runs_at_once": runs_at_once} if runs_at_once > 1 else {}),
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(selection))
    for arguments in (["plan", "--write"], ["fetch", "--config", "config.yaml"]):
        seconds_of(medattn(*arguments), folder)
    packs: dict[str, object] = json.loads((folder / "results/packs/plan.json").read_text())["packs"]
    return list(packs)


def train(folder: Path, pack: str) -> float:
    """Train a pack in a new process; return its seconds."""
    return seconds_of(medattn("train", "--plan", "results/packs/plan.json", "--pack", pack), folder)


def loops(folder: Path) -> float:
    """Return the seconds of the training loops of all runs."""
    return sum(json.loads(path.read_text())["seconds"] for path in folder.rglob("runs/*/*/record.json"))


def measure(full: bool, device: str) -> list[Ratio]:
    """Measure packs and starts."""
    with tempfile.TemporaryDirectory() as name:
        together, apart, at_once = (Path(name) / part for part in ("together", "apart", "at_once"))
        start = min(seconds_of(python(START), Path(name)) for _ in range(3))
        torch = min(seconds_of(python("import torch"), Path(name)) for _ in range(3))
        whole = train(together, project(together, RUNS, device)[0])
        in_loops = loops(together)
        packs = project(apart, 1, device)
        each = [train(apart, pack) for pack in (packs if full else packs[:3])]
        alone = sum(each) / len(each) * RUNS
        one_start = min(each) - loops(apart) / len(each)
        two = train(at_once, project(at_once, RUNS, device, 2)[0])
    measured = {"pack, s": whole, "loops, s": in_loops, "start, s": start, "one process per run, s": alone}
    return [
        Ratio("pack of 8 short runs / loops and one start", whole / (in_loops + start), 1.15, measured),
        Ratio("pack of 8 short runs / one process per run", whole / alone, 1.0, measured),
        Ratio(
            "the pack, two runs at once / one at a time", two / whole, None, {"two at once, s": two, "pack, s": whole}
        ),
        Ratio("start of a job / import of torch", one_start / torch, None, {"start, s": one_start, "torch, s": torch}),
    ]
