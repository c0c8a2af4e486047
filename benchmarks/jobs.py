"""Cost of all stages but training for the default selection, and of the jobs that choose settings and render it.

The benchmark makes up the runs of all papers: with full training lengths of the first five seeds with --full, else with
few epochs of one seed, which leaves less work for each start.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import chdir
from pathlib import Path
from typing import Any
from unittest import mock

import yaml
from ratios import ROOT, Cost, Ratio, cost_of, medattn, seconds_of

from medattn.commands.selection import Selected, freeze
from medattn.config.load import read_configuration
from medattn.plan import expand
from medattn.plan.progress import progress_of

sys.path.insert(0, str(ROOT))
from tests.made_up_runs import finish_runs

LIMIT, BYTES = 1.5, 2 << 30
PLAN = "results/papers/plan.json"
STAGES = {
    "measure": ["measure"],
    "compare": ["compare"],
    "judge": ["judge"],
    "answer": ["answer"],
    "tune": ["tune"],
    "render": ["render"],
    "report": ["render", "--report"],
}
FEW = {"epochs": 8, "measured_epochs": 3, "folds": 2, "cutoff_epoch": 4}


def shorter(paper: Any) -> Any:
    """Return a paper with few epochs and folds."""
    if not isinstance(paper, Mapping):
        return paper
    changed = {key: shorter(value) for key, value in paper.items()}
    return changed | {key: min(value, FEW[key]) for key, value in paper.items() if key in FEW and type(value) is int}


def project(folder: Path, full: bool) -> Mapping[str, Any]:
    """Write papers, selection, plan and runs as if all images were available, and return the jobs of the workflow."""
    shutil.copytree(ROOT / "papers", folder / "papers")
    selection = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    if not full:
        selection["seeds"] = [0]
        for path in folder.glob("papers/*/paper.yaml"):
            short = shorter(yaml.safe_load(path.read_text(encoding="utf-8")))
            path.write_text(yaml.safe_dump(short, sort_keys=False), encoding="utf-8")
    (folder / "config.yaml").write_text(yaml.safe_dump(selection, sort_keys=False), encoding="utf-8")
    available = {"missing_reason": lambda *_: None, "missing_weights_reason": lambda *_: None}
    with chdir(folder), mock.patch.multiple(expand, **available):
        configuration = read_configuration([Path("config.yaml")], Path())
        plan, results = expand.make_plan(configuration), expand.results_of(configuration)
        freeze(Selected(configuration, plan, results), progress_of(plan, results))
        finish_runs(plan, results)
        graph = json.loads(results.graph.read_text(encoding="utf-8"))
    # The images are not there, which the plan to draw from must know.
    seconds_of(medattn("plan", "--write"), folder)
    found: Mapping[str, Any] = graph
    return found


def cost(arguments: list[str], folder: Path) -> Cost:
    """Return the cost of a command on the plan."""
    return cost_of(medattn(*arguments, "--plan", PLAN), folder)


def jobs(graph: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield each job of the workflow that tunes or renders, with its arguments."""
    for name, groups in graph["choices"].items():
        yield f"tune {name}", ["tune", *(f"--group={group}" for group in groups)]
    for paper in graph["rendered"]:
        yield f"render {paper}", ["render", "--paper", paper, "--changed"]


def measure(full: bool) -> list[Ratio]:
    """Measure every stage in one process, and the jobs that tune and render."""
    with tempfile.TemporaryDirectory() as name, mock.patch.dict(os.environ, {"OMP_NUM_THREADS": "1"}):
        folder = Path(name)
        graph = project(folder, full)
        stages = {stage: cost(arguments, folder) for stage, arguments in STAGES.items()}
        stages["seal"] = cost_of(medattn("audit", str(Path(PLAN).parent), "--seal"), folder)
        for path in (folder / "results/papers").glob("rendered/*"):
            path.unlink()
        seconds = {job: cost(arguments, folder).processor for job, arguments in jobs(graph)}
        again = sum(cost(arguments, folder).processor for job, arguments in jobs(graph) if job.startswith("render"))
        runs = len(json.loads((folder / PLAN).read_text(encoding="utf-8"))["runs"])
    times = {f"{stage}, s": found.processor for stage, found in stages.items()}
    peaks = {f"{stage}, MB": found.peak / 1e6 for stage, found in stages.items()}
    measured = {f"{job}, s": value for job, value in seconds.items()} | times
    together = stages["tune"].processor + stages["render"].processor
    return [
        Ratio(
            f"{runs:,} runs of the default selection: peak memory of the largest stage / 2 GiB",
            max(found.peak for found in stages.values()) / BYTES,
            1.0,
            times | peaks,
        ),
        Ratio(
            f"{len(seconds)} jobs that tune and render all papers / one process",
            sum(seconds.values()) / together,
            LIMIT,
            measured,
        ),
        Ratio("render jobs with nothing to render / rendering", again / stages["render"].processor, None, measured),
    ]
