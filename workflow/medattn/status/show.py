"""The status of a plan for people and for programs."""

from collections.abc import Iterator
from typing import Any

from medattn.plan.show import duration
from medattn.status.estimate import Group, Status, epochs_of
from medattn.status.snapshot import STATES, RunStatus

_SHOWN_AT_MOST = 20


def status_lines(status: Status) -> Iterator[str]:
    """Yield the status for the terminal: the runs under way, the packs that are neither finished nor untouched, all."""
    running, failed = status.seen("running"), status.seen("failed")
    yield f"Status of the selection '{status.plan.selection}'"
    if running:
        yield ""
        yield from _cut([_running(status, seen) for seen in running], "runs under way")
    if failed:
        yield ""
        yield from _cut([f"  {seen.run.id}: {seen.reason}" for seen in failed], "failed runs")
    begun = {name: group for name, group in status.packs.items() if _is_begun(group)}
    if begun:
        yield ""
        width = max(len(name) for name in begun)
        yield f"  {'pack':<{width}}  " + "  ".join(f"{state:>7}" for state in STATES) + "  time left"
        yield from _cut([_pack(name, group, width) for name, group in begun.items()], "packs")
    yield ""
    ended = sum(group.open == 0 for group in status.packs.values())
    yield f"  {len(status.packs)} packs: {ended} ended, {status.workers} under way"
    missing = sum(cell.missing is not None for cell in status.plan.cells.values())
    if missing:
        yield f"  {missing} of {len(status.plan.cells)} cells can't be run: `medattn plan` says why"
    yield _total(status)


def _is_begun(group: Group) -> bool:
    """Whether a pack is worth a line: neither finished nor untouched."""
    return 0 < group.open < sum(group.counts.values()) or group.counts["running"] + group.counts["failed"] > 0


def _running(status: Status, seen: RunStatus) -> str:
    facts = [f"epoch {seen.epoch} of {epochs_of(status.plan, seen.run)}"]
    if seen.images_per_second is not None:
        facts.append(f"{seen.images_per_second:,.0f} images/s")
    left = status.left.get(seen.run.id)
    facts.append(f"{duration(left)} left" if left is not None else "time left unknown")
    return f"  {seen.run.id}: {', '.join(facts)}"


def _pack(name: str, group: Group, width: int) -> str:
    counts = "  ".join(f"{group.counts[state]:>7}" for state in STATES)
    return f"  {name:<{width}}  {counts}  {_time(group)}"


def _time(group: Group) -> str:
    if not group.open:
        return "none"
    return "unknown" if group.seconds_left is None else duration(group.seconds_left)


def _total(status: Status) -> str:
    total = status.total
    counts = ", ".join(f"{total.counts[state]} {state}" for state in STATES)
    diverged = f" ({total.diverged} of them did not end well)" if total.diverged else ""
    line = f"  {sum(total.counts.values())} runs: {counts}{diverged}; time left on one worker: {_time(total)}"
    if total.seconds_left is None and total.known:
        known = sum(status.left.values())
        line += f" (of {total.known} of {total.open} open runs: {duration(known)})"
    elif total.seconds_left and status.workers > 1:
        line += f", on the {status.workers} of now about {duration(total.seconds_left / status.workers)}"
    return line


def _cut(lines: list[str], what: str) -> Iterator[str]:
    yield from lines[:_SHOWN_AT_MOST]
    if len(lines) > _SHOWN_AT_MOST:
        yield f"  and {len(lines) - _SHOWN_AT_MOST} more {what}"


def status_value(status: Status) -> dict[str, Any]:
    """Return the status as plain values: `runs`, `packs`, `running`, `failed`; what is not known is null."""
    return {
        "selection": status.plan.selection,
        "runs": _counts(status.total),
        "workers": status.workers,
        "packs": [
            {"pack": name, "stage": status.plan.packs[name].stage, **_counts(group)}
            for name, group in status.packs.items()
        ],
        "running": [
            {
                "run": seen.run.id,
                "epoch": seen.epoch,
                "epochs": epochs_of(status.plan, seen.run),
                "images_per_second": seen.images_per_second,
                "seconds_per_epoch": seen.seconds_per_epoch,
                "seconds_left": status.left.get(seen.run.id),
            }
            for seen in status.seen("running")
        ],
        "failed": [{"run": seen.run.id, "reason": seen.reason} for seen in status.seen("failed")],
    }


def _counts(group: Group) -> dict[str, Any]:
    counts: dict[str, Any] = {state: group.counts[state] for state in STATES}
    return {**counts, "diverged": group.diverged, "seconds_left": group.seconds_left}
