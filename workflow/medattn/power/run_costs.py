"""The runs of cells with any number of seeds, those that are finished, and the time of the others."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from medattn.config.models.selection import Selection
from medattn.config.resolved import Configuration
from medattn.layout import ResultPaths
from medattn.plan.cost_estimate import run_seconds
from medattn.plan.model import Cell, Pack, Plan
from medattn.plan.run_folders import RunFolders
from medattn.plan.runs import planned_runs, runs_of_cell
from medattn.plan.speeds import speeds_for
from medattn.plan.stand_ins import planned_entries
from medattn.status.snapshot import take_snapshot
from medattn.status.time_left import seconds_left


@dataclass(frozen=True)
class RunCost:
    """Cost of runs.

    Attributes:
        runs: ids of the open runs.
        seconds: seconds that they take one after the other; None if unknown for one of them.
        estimated: whether the time of one of them is estimated from throughputs, not measured on finished runs.
    """

    runs: frozenset[str]
    seconds: float | None
    estimated: bool

    @property
    def hours(self) -> float | None:
        """The hours that the runs take; None if unknown."""
        return None if self.seconds is None else self.seconds / 3600


class RunCosts:
    """Open runs and their time, for cells that can be run."""

    def __init__(self, plan: Plan, configuration: Configuration, results: ResultPaths, most: int) -> None:
        """Read the state of all runs with up to `most` seeds."""
        self._selection = configuration.selection
        self._speeds = speeds_for(results.complexity)
        self.cells = tuple(cell for cell in plan.cells.values() if cell.missing is None)
        folders, seeds = RunFolders(results), seeds_up_to(most, self._selection)
        cells = {cell.id: cell for cell in self.cells}
        runs = {run.id: run for run in map(folders.located, planned_runs(cells, lambda _: seeds))}
        self._shared = {(cell, run.key): run.id for run in runs.values() for cell in run.cells}
        whole = replace(plan, runs=runs, packs={"all": Pack("all", "train", "", tuple(runs))})
        snapshot = take_snapshot(whole, results)
        self._done = {key for key, status in snapshot.runs.items() if status.state == "done"}
        self._seconds: dict[str, float] = dict(seconds_left(whole, snapshot, results))
        self._measured = frozenset(self._seconds)
        entries = planned_entries(plan, configuration)
        for key, run in runs.items():
            cell = plan.cells[run.cell]
            if key not in self._done and key not in self._measured and not cell.is_classifier:
                seconds = run_seconds(run, cell, entries[cell.dataset], self._speeds)
                if not isinstance(seconds, str):
                    self._seconds[key] = seconds

    def of(self, cells: Iterable[Cell], seeds: int) -> RunCost:
        """Return the cost of the open runs of cells with a number of seeds, or with their current one if it is more."""
        runs = {
            self._shared.get((cell.id, run.key), run.id)
            for cell in cells
            for run in runs_of_cell(cell, seeds_up_to(max(seeds, self.current(cell)), self._selection))
        }
        return self.of_runs(runs)

    def of_runs(self, runs: Iterable[str]) -> RunCost:
        """Return the cost of those of the runs that are open."""
        waiting = frozenset(runs) - self._done
        known = [self._seconds[run] for run in waiting if run in self._seconds]
        seconds = sum(known) if len(known) == len(waiting) else None
        return RunCost(waiting, seconds, estimated=bool(waiting - self._measured))

    def known_seconds(self, runs: Iterable[str]) -> float:
        """Return the seconds of those of the open runs whose time is known."""
        return sum(self._seconds.get(run, 0.0) for run in frozenset(runs) - self._done)

    def current(self, cell: Cell) -> int:
        """Return the number of seeds of a cell in the selection."""
        return len(self._selection.seeds_of(cell.id))

    @property
    def basis(self) -> str:
        """The source of estimated hours."""
        return f"{self._speeds.unit} estimated from {self._speeds.source}"


def seeds_up_to(count: int, selection: Selection) -> tuple[int, ...]:
    """Return the first `count` seeds: of a look, 0 to count - 1; of a list, its seeds and then the lowest others."""
    if selection.looks:
        return tuple(range(count))
    listed = list(selection.trained_seeds)
    others = (seed for seed in range(count + len(listed)) if seed not in listed)
    return (*listed, *others)[:count]
