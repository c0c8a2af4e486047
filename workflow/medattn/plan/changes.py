"""What a new plan changes in a results folder, in a few lines."""

from collections.abc import Iterator, Sequence

from medattn.plan.differences import differences
from medattn.plan.model import Plan

_SHOWN = 3


def change_lines(before: Plan, now: Plan) -> Iterator[str]:
    """Yield the lines of `medattn plan` on cells and runs that differ from the plan in the results folder."""
    added = [cell for cell in now.cells if cell not in before.cells]
    removed = [cell for cell in before.cells if cell not in now.cells]
    changed = {
        cell: next(iter(_cell_changes(before, now, cell)))
        for cell in now.cells
        if cell in before.cells and any(_cell_changes(before, now, cell))
    }
    new_runs, old_runs = len(now.runs.keys() - before.runs.keys()), len(before.runs.keys() - now.runs.keys())
    if not (added or removed or changed or new_runs or old_runs):
        return
    yield (
        f"  changes to the plan in the results folder: {len(added)} cells added, {len(removed)} removed, "
        f"{len(changed)} changed; {new_runs} runs added, {old_runs} removed"
    )
    yield from _named("added", added)
    yield from _named("removed", removed)
    yield from _named("changed", [f"{cell} ({change})" for cell, change in changed.items()])


def _cell_changes(before: Plan, now: Plan, cell: str) -> Iterator[str]:
    for change in differences(before.cells[cell].to_json(), now.cells[cell].to_json()):
        yield str(change)


def _named(what: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield f"    {what}: {'; '.join(names[:_SHOWN])}{more}"
