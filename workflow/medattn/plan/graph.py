"""The jobs of a plan and their files, for Snakemake (results/<selection>/graph.json)."""

from math import ceil
from pathlib import Path
from typing import Any

from medattn.config.models.dataset import DatasetEntry
from medattn.config.models.paper import shows_costs
from medattn.config.resolved import Configuration
from medattn.layout import ResultPaths, complexity_table
from medattn.plan.disk_estimate import image_bytes
from medattn.plan.model import Plan
from medattn.plan.stand_ins import planned_entries

_MEGABYTES = 8000
"""Memory that a job requests at first, for each run that it trains at the same time, with images of up to 1 GB."""


def megabytes_of_run(entry: DatasetEntry) -> int:
    """Return the memory that a run requests at first; without a GPU, all images of its data set are in memory."""
    return _MEGABYTES + 1000 * max(0, ceil(image_bytes(entry) / 1e9) - 1)


def graph_of(plan: Plan, configuration: Configuration, results: ResultPaths) -> dict[str, Any]:
    """Return the jobs of `plan` as plain values.

    Returns:
        `datasets`: folder of prepared images -> name of the data set; `packs`: id -> files, threads, memory, number of
        runs; `tuned`: file -> group and packs; `measured`: files; `tables` and `figures`: names; `cost_tables` and
        `cost_figures`: names of those with costs of networks; `answer_figures`: names of those of pooled effects.
    """
    datasets = {Path(cell.prepared).name: cell.dataset for cell in plan.cells.values() if cell.missing is None}
    entries = planned_entries(plan, configuration)
    packs: dict[str, Any] = {}
    choices: dict[str, Any] = {}
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
            for group in groups:
                choice = choices.setdefault(str(results.tuned(group)), {"group": group, "packs": []})
                if output not in choice["packs"]:
                    choice["packs"].append(output)
    complexity_tables = list(dict.fromkeys(complexity_table(paper.name) for paper in configuration.papers))
    return {
        "selection": plan.selection,
        "results": str(results.folder),
        "datasets": datasets,
        "packs": packs,
        "tuned": choices,
        # A cell that shares all its runs has no pack, but its own choice of epochs.
        "measured": [
            *(str(results.pack(pack.id)) for pack in plan.packs.values() if pack.stage == "train"),
            *choices,
        ],
        "tables": [
            *(name for paper in configuration.papers for name in (*paper.tables, *paper.statistics)),
            *complexity_tables,
        ],
        "cost_tables": [
            *(name for paper in configuration.papers for name, table in paper.tables.items() if shows_costs(table)),
            *complexity_tables,
        ],
        "cost_figures": [
            name
            for paper in configuration.papers
            for name, figure in paper.figures.items()
            if figure.kind == "accuracy_against_cost"
        ],
        "answer_figures": [
            name
            for paper in configuration.papers
            for name, figure in paper.figures.items()
            if figure.kind == "forest_plot"
        ],
        "figures": [name for paper in configuration.papers for name in paper.figures],
    }
