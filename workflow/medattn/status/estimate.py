"""How much longer the open runs take, from what was measured of runs like them; None where nothing was."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from medattn.errors import UserError
from medattn.layout import ResultPaths
from medattn.plan.model import Plan, Run
from medattn.provenance.records import read_record
from medattn.status.snapshot import STATES, RunStatus, Snapshot, State

_OPENED = 3
"""Records that are opened of a cell and stage, where no finished pack tells how long its runs take."""


@dataclass(frozen=True)
class Group:
    """Runs that are counted together: those of a pack, or all.

    Attributes:
        counts: runs by state.
        diverged: runs that ended, but not well, as far as finished packs tell.
        seconds_left: seconds that the open runs take one after the other; None where not all of them are known.
        known: open runs of which it is known.
    """

    counts: Mapping[State, int]
    diverged: int = 0
    seconds_left: float | None = 0.0
    known: int = 0

    @property
    def open(self) -> int:
        """Runs that have not ended."""
        return self.counts["running"] + self.counts["failed"] + self.counts["waiting"]


@dataclass(frozen=True)
class Status:
    """How far a plan is.

    Attributes:
        plan: the plan.
        look: what was seen of its runs.
        packs: its packs by id.
        total: all runs together.
        left: seconds that each open run still takes, where that is known.
    """

    plan: Plan
    look: Snapshot
    packs: Mapping[str, Group]
    total: Group
    left: Mapping[str, float] = field(default_factory=dict)

    def seen(self, state: State) -> list[RunStatus]:
        """Return the runs in a state, in the order of the plan."""
        return [seen for seen in self.look.runs.values() if seen.state == state]

    @property
    def workers(self) -> int:
        """Packs that are trained right now."""
        return sum(group.counts["running"] > 0 for group in self.packs.values())


def status_of(plan: Plan, seen: Snapshot, results: ResultPaths) -> Status:
    """Count the runs of a plan and estimate what is left."""
    left = _left(plan, seen, results)
    packs = {pack.id: _group(pack.runs, seen, left) for pack in plan.packs.values()}
    return Status(plan, seen, packs, _group(seen.runs, seen, left), left)


def epochs_of(plan: Plan, run: Run) -> int:
    """Return the epochs that a run is trained for; 1 for a classifier on pixels."""
    cell = plan.cells[run.cell]
    if cell.is_classifier:
        return 1
    return int((run.grid_point or {}).get("recipe.epochs") or cell.settings.recipe.epochs)


def _group(runs: Iterable[str], seen: Snapshot, left: Mapping[str, float]) -> Group:
    counts = dict.fromkeys(STATES, 0)
    diverged, seconds, known = 0, 0.0, 0
    for run in runs:
        counts[seen.runs[run].state] += 1
        ending = seen.endings.get(run)
        diverged += ending is not None and ending.get("status") != "ok"
        if run in left:
            known, seconds = known + 1, seconds + left[run]
    unknown = sum(counts.values()) - counts["done"] - known
    return Group(counts, diverged, None if unknown else seconds, known)


def _left(plan: Plan, seen: Snapshot, results: ResultPaths) -> dict[str, float]:
    """Return the seconds that each open run still takes: by its own speed, or by that of runs of its cell and stage."""
    per_epoch = _seconds_per_epoch(plan, seen, results)
    left = {}
    for key, one in seen.runs.items():
        if one.state == "done":
            continue
        seconds = one.seconds_per_epoch or per_epoch.get((one.run.cell, one.run.stage))
        if seconds is not None:
            begun = one.quiet if one.state == "running" else 0.0
            left[key] = max(0.0, seconds * (epochs_of(plan, one.run) - one.epoch) - begun)
    return left


def _seconds_per_epoch(plan: Plan, seen: Snapshot, results: ResultPaths) -> dict[tuple[str, str], float]:
    """Return the mean seconds of an epoch by cell and stage: of runs that have ended, else of those under way."""
    ended: dict[tuple[str, str], list[float]] = defaultdict(list)
    for key, ending in seen.endings.items():
        run = plan.runs[key]
        if ending.get("epochs") and ending.get("status") == "ok":
            ended[run.cell, run.stage].append(float(ending["seconds"]) / int(ending["epochs"]))
    running: dict[tuple[str, str], list[float]] = defaultdict(list)
    for key, one in seen.runs.items():
        place = (one.run.cell, one.run.stage)
        if one.state == "done" and key not in seen.endings and len(ended[place]) < _OPENED:
            ended[place] += _of_record(one.run, results)
        elif one.seconds_per_epoch is not None:
            running[place].append(one.seconds_per_epoch)
    return {key: sum(values) / len(values) for key, values in {**running, **ended}.items() if values}


def _of_record(run: Run, results: ResultPaths) -> list[float]:
    try:
        record = read_record(results.run(run.cell, run.name).record)
    except UserError:  # damage is for `medattn audit` to tell
        return []
    return [float(record["seconds"]) / record["epochs"]] if record["epochs"] and record["status"] == "ok" else []
