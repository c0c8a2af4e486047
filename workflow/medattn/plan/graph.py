"""The jobs of a plan and their files, for Snakemake (results/<selection>/graph.json)."""

from collections.abc import Iterable
from math import ceil
from pathlib import Path
from typing import Any

from medattn.config.models.dataset import DatasetEntry
from medattn.config.resolved import Configuration
from medattn.layout import ResultPaths
from medattn.own_code import own_name
from medattn.plan.disk_estimate import image_bytes
from medattn.plan.model import Cell, Plan
from medattn.plan.rendered_items import RenderedItem, rendered_items
from medattn.plan.stand_ins import planned_entries
from medattn.provenance.code import own_code

_MEGABYTES = 8000
"""Memory that a job requests at first, for each run that it trains at the same time, with images of up to 1 GB."""


def megabytes_of_run(entry: DatasetEntry) -> int:
    """Return the memory that a run requests at first; without a GPU, all images of its data set are in memory."""
    return _MEGABYTES + 1000 * max(0, ceil(image_bytes(entry) / 1e9) - 1)


def graph_of(plan: Plan, configuration: Configuration, results: ResultPaths) -> dict[str, Any]:
    """Return the jobs of `plan` as plain values.

    Returns:
        `datasets`: folder of prepared images -> name of the data set; `packs`: id -> files, threads, memory, number of
        runs; `tuned`: file -> group and packs; `choices`: paper, experiment and data set -> groups whose settings one
        job chooses; `measured`: files of finished packs, and of the user's metrics; `tables` and `figures`: names;
        `rendered`: paper -> names of tables and figures, the files that only some of them read, and a hash of what
        decides each.
    """
    datasets = {Path(cell.prepared).name: cell.dataset for cell in plan.cells.values() if cell.missing is None}
    entries = planned_entries(plan, configuration)
    packs: dict[str, Any] = {}
    choices: dict[str, Any] = {}
    batches: dict[str, list[str]] = {}
    for pack in plan.packs.values():
        cells = [plan.cells[cell] for cell in dict.fromkeys(plan.runs[run].cell for run in pack.runs)]
        served = [plan.cells[cell] for run in pack.runs for cell in plan.runs[run].cells]
        groups = list(dict.fromkeys(cell.group for cell in served if cell.is_tuned))
        output = str(results.pack(pack.id))
        at_once = min(configuration.selection.runs_at_once, len(pack.runs))
        packs[pack.id] = {
            "stage": pack.stage,
            "output": output,
            "dataset": str(results.dataset(Path(cells[0].prepared).name)),
            "tuned": sorted({str(results.tuned(g)) for g in groups}) if pack.stage == "train" else [],
            "threads": cells[0].settings.recipe.threads * at_once,
            "mem_mb": megabytes_of_run(entries[pack.dataset]) * at_once,
            "runs": len(pack.runs),
        }
        if pack.stage == "tune":
            for cell in (cell for cell in served if cell.is_tuned):
                choice = choices.setdefault(str(results.tuned(cell.group)), {"group": cell.group, "packs": []})
                if output not in choice["packs"]:
                    choice["packs"].append(output)
                batch = batches.setdefault(_batch_of(cell), [])
                if cell.group not in batch:
                    batch.append(cell.group)
    items = rendered_items(plan, configuration)
    return {
        "selection": plan.selection,
        "results": str(results.folder),
        "datasets": datasets,
        "packs": packs,
        "tuned": choices,
        "choices": batches,
        # A cell that shares all its runs has no pack, but its own choice of epochs.
        "measured": [
            *(str(results.pack(pack.id)) for pack in plan.packs.values() if pack.stage == "train"),
            *choices,
            *_metric_files(plan),
        ],
        "tables": [item.name for item in items if item.folder == "tables"],
        "figures": [item.name for item in items if item.folder == "figures"],
        "rendered": _by_paper(items),
    }


def _metric_files(plan: Plan) -> list[str]:
    """Return the files of the user's metrics, relative to the current folder where they are in it."""
    names = dict.fromkeys(name for cell in plan.cells.values() for name in cell.metrics if own_name(name))
    files = {file for name in names for file in own_code(name).values()}
    here = Path.cwd()
    return sorted(str(file.relative_to(here) if file.is_relative_to(here) else file) for file in files)


def _batch_of(cell: Cell) -> str:
    """Return the name of the groups for which one job chooses: those of an experiment on a data set.

    Training on a data set thus waits for no other data set.
    """
    return ".".join(part for part in (cell.paper, cell.experiment, cell.dataset) if part)


def _by_paper(items: Iterable[RenderedItem]) -> dict[str, Any]:
    """Return the tables and figures of each paper, the files that only some of them read, and what decides them."""
    batches: dict[str, Any] = {}
    for item in items:
        batch = batches.setdefault(item.paper, {"tables": [], "figures": [], "reads": [], "declared": {}})
        batch[item.folder].append(item.name)
        batch["reads"] += (name for name in item.reads if name not in batch["reads"])
        batch["declared"][item.id] = item.declared_sha256
    return batches
