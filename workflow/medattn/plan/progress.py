"""Finished runs of a plan, and the measured time of its open runs."""

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from medattn.errors import UserError
from medattn.files import read_json
from medattn.layout import ResultPaths
from medattn.plan.model import Plan
from medattn.plan.run_folders import RunFolders


@dataclass(frozen=True)
class Progress:
    """Progress of a plan.

    Attributes:
        done: ids of the finished runs.
        seconds_per_run: mean seconds of finished runs, by cell and stage.
    """

    done: frozenset[str]
    seconds_per_run: dict[tuple[str, str], float]

    def remaining_seconds(self, plan: Plan) -> dict[str, float | None]:
        """Return the seconds that the open runs of each cell take one after the other; None if not measured."""
        remaining: dict[str, float | None] = dict.fromkeys(plan.cells, 0.0)
        for run in plan.runs.values():
            so_far = remaining[run.cell]
            if run.id not in self.done and so_far is not None:
                known = self.seconds_per_run.get((run.cell, run.stage))
                remaining[run.cell] = None if known is None else so_far + known
        return remaining


def progress_of(plan: Plan, results: ResultPaths) -> Progress:
    """Read the progress of a plan from the folders of runs and the files of packs."""
    folders = RunFolders(results)
    return Progress(
        frozenset(run.id for run in plan.runs.values() if folders.has_finished(run)), _measured_seconds(plan, results)
    )


def _folders(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))  # noqa: PTH208 (only names are needed)
    except (FileNotFoundError, NotADirectoryError):
        return set()


def _measured_seconds(plan: Plan, results: ResultPaths) -> dict[tuple[str, str], float]:
    seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
    for name in _folders(results.folder / "packs"):
        if name.endswith(".json"):
            for run_id, run_seconds in _seconds_of_runs(results.folder / "packs" / name).items():
                if run_id in plan.runs:
                    run = plan.runs[run_id]
                    seconds[run.cell, run.stage].append(run_seconds)
    return {key: sum(values) / len(values) for key, values in seconds.items()}


def _seconds_of_runs(path: Path) -> dict[str, float]:
    """Return the seconds of the runs of a pack with status ok."""
    value = read_json(path)
    try:
        return {run: float(ending["seconds"]) for run, ending in value["runs"].items() if ending["status"] == "ok"}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserError(f"{path}: not the file of a pack; delete it and train the pack again") from error
