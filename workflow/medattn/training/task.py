"""Tasks of training: a pack, and one run of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from medattn.layout import ResultPaths, RunPaths
from medattn.plan.model import Cell, Pack, Plan, Run

if TYPE_CHECKING:  # it imports numpy, which a pack without open runs never needs
    from medattn.datasets.store import DataStore


@dataclass(frozen=True)
class PackTask:
    """A pack to train, with the plan that it belongs to and the folder of its results."""

    plan: Plan
    pack: Pack
    results: ResultPaths

    @property
    def runs(self) -> list[Run]:
        """The runs of the pack, in their order."""
        return [self.plan.runs[i] for i in self.pack.runs]

    def files(self, run: Run) -> RunPaths:
        """Return the paths of the files of `run`."""
        return self.results.run(run.folder, run.name)

    def open_runs(self) -> list[Run]:
        """Return the runs that have no record yet."""
        return [run for run in self.runs if not self.files(run).record.exists()]


@dataclass(frozen=True)
class RunTask:
    """A run to train.

    Attributes:
        run: the run.
        cell: its cell.
        grid_point: values of the arm's grid: the run's, or those that cross-validation chose.
        store: the prepared data set.
        files: paths of the files that it writes.
    """

    run: Run
    cell: Cell
    grid_point: Mapping[str, Any]
    store: "DataStore"
    files: RunPaths


@dataclass(frozen=True)
class TrainingOptions:
    """Options of a training that do not change its result.

    Attributes:
        data: folder that holds the ImageNet weights.
        checkpoint: epochs between two checkpoints of a run, or `auto`.
    """

    data: Path
    checkpoint: int | Literal["auto"]
