"""The status of a plan: its runs counted by state, by pack and in total, with the time left."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from medattn.layout import ResultPaths
from medattn.plan.model import Plan
from medattn.status.snapshot import STATES, RunStatus, Snapshot, State
from medattn.status.time_left import seconds_left


@dataclass(frozen=True)
class RunCounts:
    """The runs of a pack, or all runs, counted by state.

    Attributes:
        counts: number of runs by state.
        diverged: number of finished runs that diverged, as far as the files of finished packs tell.
        seconds_left: seconds that the open runs take one after the other; None if one of them is unknown.
        known: number of open runs with a known time left.
    """

    counts: Mapping[State, int]
    diverged: int = 0
    seconds_left: float | None = 0.0
    known: int = 0

    @property
    def open(self) -> int:
        """Number of runs that have not finished."""
        return self.counts["running"] + self.counts["failed"] + self.counts["waiting"]


@dataclass(frozen=True)
class Status:
    """The status of a plan.

    Attributes:
        plan: the plan.
        snapshot: the states of its runs.
        packs: counts of its packs by id.
        total: counts of all runs.
        left: seconds that open runs still take, by id, where known.
    """

    plan: Plan
    snapshot: Snapshot
    packs: Mapping[str, RunCounts]
    total: RunCounts
    left: Mapping[str, float] = field(default_factory=dict)

    def runs_in(self, state: State) -> list[RunStatus]:
        """Return the runs in a state, in the order of the plan."""
        return [run for run in self.snapshot.runs.values() if run.state == state]

    @property
    def active_packs(self) -> int:
        """Number of packs with a running run."""
        return sum(pack.counts["running"] > 0 for pack in self.packs.values())


def status_of(plan: Plan, snapshot: Snapshot, results: ResultPaths) -> Status:
    """Count the runs of a plan by state and estimate the time left."""
    left = seconds_left(plan, snapshot, results)
    packs = {pack.id: _counts(pack.runs, snapshot, left) for pack in plan.packs.values()}
    return Status(plan, snapshot, packs, _counts(snapshot.runs, snapshot, left), left)


def _counts(runs: Iterable[str], snapshot: Snapshot, left: Mapping[str, float]) -> RunCounts:
    counts = dict.fromkeys(STATES, 0)
    diverged, seconds, known = 0, 0.0, 0
    for run in runs:
        counts[snapshot.runs[run].state] += 1
        ending = snapshot.endings.get(run)
        diverged += ending is not None and ending.get("status") != "ok"
        if run in left:
            known, seconds = known + 1, seconds + left[run]
    unknown = sum(counts.values()) - counts["done"] - known
    return RunCounts(counts, diverged, None if unknown else seconds, known)
