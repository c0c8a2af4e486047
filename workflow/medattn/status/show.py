"""The status of a plan as lines for the terminal and as JSON."""

from collections.abc import Iterator
from typing import Any

from medattn.plan.show import duration
from medattn.status.snapshot import STATES, RunStatus
from medattn.status.summary import RunCounts, Status
from medattn.status.time_left import epochs_of

_MAX_LINES = 20
PACK_COLUMNS = ("pack", "stage", *STATES, "diverged", "seconds_left")
"""Columns of the rows of packs."""


def status_lines(status: Status) -> Iterator[str]:
    """Yield the lines of `medattn status`: running runs, failed runs, packs in progress, totals."""
    running, failed = status.runs_in("running"), status.runs_in("failed")
    yield f"Status of the selection '{status.plan.selection}'"
    if running:
        yield ""
        yield from _cut([_running(status, run) for run in running], "running runs")
    if failed:
        yield ""
        yield from _cut([f"  {run.id}: {run.reason}" for run in failed], "failed runs")
    started = {name: counts for name, counts in status.packs.items() if _is_in_progress(counts)}
    if started:
        yield ""
        width = max(len(name) for name in started)
        yield f"  {'pack':<{width}}  " + "  ".join(f"{state:>7}" for state in STATES) + "  time left"
        yield from _cut([_pack(name, counts, width) for name, counts in started.items()], "packs")
    yield ""
    finished = sum(counts.open == 0 for counts in status.packs.values())
    yield f"  {len(status.packs)} packs: {finished} finished, {status.active_packs} running"
    skipped = sum(cell.missing is not None for cell in status.plan.cells.values())
    if skipped:
        yield f"  {skipped} of {len(status.plan.cells)} cells are skipped; `medattn plan` shows the reasons"
    yield _total(status)


def _is_in_progress(pack: RunCounts) -> bool:
    """Return whether a pack has been started and is not finished."""
    return 0 < pack.open < sum(pack.counts.values()) or pack.counts["running"] + pack.counts["failed"] > 0


def _running(status: Status, run: RunStatus) -> str:
    facts = [f"epoch {run.epoch} of {epochs_of(status.plan, run.run)}"]
    if run.images_per_second is not None:
        facts.append(f"{run.images_per_second:,.0f} images/s")
    left = status.left.get(run.id)
    facts.append(f"{duration(left)} left" if left is not None else "time left unknown")
    return f"  {run.id}: {', '.join(facts)}"


def _pack(name: str, pack: RunCounts, width: int) -> str:
    counts = "  ".join(f"{pack.counts[state]:>7}" for state in STATES)
    return f"  {name:<{width}}  {counts}  {_time(pack)}"


def _time(runs: RunCounts) -> str:
    if not runs.open:
        return "none"
    return "unknown" if runs.seconds_left is None else duration(runs.seconds_left)


def _total(status: Status) -> str:
    total = status.total
    counts = ", ".join(f"{total.counts[state]} {state}" for state in STATES)
    diverged = f" ({total.diverged} of them diverged)" if total.diverged else ""
    line = f"  {sum(total.counts.values())} runs: {counts}{diverged}; time left on one worker: {_time(total)}"
    if total.seconds_left is None and total.known:
        known = sum(status.left.values())
        line += f" (known for {total.known} of {total.open} open runs: {duration(known)})"
    elif total.seconds_left and status.active_packs > 1:
        line += (
            f", on the {status.active_packs} active workers about {duration(total.seconds_left / status.active_packs)}"
        )
    return line


def _cut(lines: list[str], what: str) -> Iterator[str]:
    yield from lines[:_MAX_LINES]
    if len(lines) > _MAX_LINES:
        yield f"  and {len(lines) - _MAX_LINES} more {what}"


def status_value(status: Status) -> dict[str, Any]:
    """Return the status as plain values: `runs`, `packs`, `running`, `failed`; unknown values are None."""
    return {
        "selection": status.plan.selection,
        "runs": _counts(status.total),
        "workers": status.active_packs,
        "packs": [
            {"pack": name, "stage": status.plan.packs[name].stage, **_counts(counts)}
            for name, counts in status.packs.items()
        ],
        "running": [
            {
                "run": run.id,
                "epoch": run.epoch,
                "epochs": epochs_of(status.plan, run.run),
                "images_per_second": run.images_per_second,
                "seconds_per_epoch": run.seconds_per_epoch,
                "seconds_left": status.left.get(run.id),
            }
            for run in status.runs_in("running")
        ],
        "failed": [{"run": run.id, "reason": run.reason} for run in status.runs_in("failed")],
    }


def _counts(runs: RunCounts) -> dict[str, Any]:
    counts: dict[str, Any] = {state: runs.counts[state] for state in STATES}
    return {**counts, "diverged": runs.diverged, "seconds_left": runs.seconds_left}
