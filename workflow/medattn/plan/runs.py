"""The runs of cells: the protocol asks for them, this module names them, and cells with equal settings share them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from medattn.config.arms import grid_points
from medattn.config.mechanisms import is_block_mechanism
from medattn.files import sha256_of_value
from medattn.plan.model import Cell, Run
from medattn.protocols.base import RunRequest, Stage


def planned_runs(cells: Mapping[str, Cell], seeds_of: Callable[[str], Sequence[int]]) -> Iterator[Run]:
    """Yield the runs of all cells, cell by cell. A run that several cells ask for is one run, which serves them all.

    The run belongs to the first of these cells that can be run, else to the first.

    Args:
        cells: the cells by id.
        seeds_of: returns the seeds of a cell.
    """
    runs: dict[str, Run] = {}
    for cell in cells.values():
        for identity, run in _identified(cell, seeds_of(cell.id)):
            first = runs.get(identity)
            if first is None:
                runs[identity] = run
            elif cells[first.cell].missing is not None and cell.missing is None:
                runs[identity] = replace(run, shared_with=first.cells)
            elif cell.id not in first.cells:
                runs[identity] = replace(first, shared_with=(*first.shared_with, cell.id))
    order = {cell: place for place, cell in enumerate(cells)}
    yield from sorted(runs.values(), key=lambda run: order[run.cell])


def runs_of_cell(cell: Cell, seeds: Sequence[int]) -> Iterator[Run]:
    """Yield the runs of a cell: those that choose something, then those that are measured.

    The name of a run ends in a hash of all that decides its result.
    """
    yield from (run for _, run in _identified(cell, seeds))


def _identified(cell: Cell, seeds: Sequence[int]) -> Iterator[tuple[str, Run]]:
    """Yield the runs of a cell, each with the hash of all that decides its result."""
    protocol, grid = cell.settings.protocol, cell.settings.arm.grid
    points = grid_points(grid)
    tuning_seeds: Sequence[int] = []
    if cell.is_tuned:
        tuning_seeds = seeds if protocol.tune == "each" and not cell.is_classifier else seeds[:1]
    # A classifier on pixels draws nothing: another seed gives the same result.
    measured_seeds = seeds[:1] if cell.is_classifier else seeds
    facts = {**protocol.model_dump(mode="json"), "grid": grid, "tuned_with": seeds[0]}
    identities: dict[Stage, str] = {
        "tune": _identity(cell, protocol.tuning_facts()),
        "train": _identity(cell, facts),
    }
    for request in protocol.runs(tuning_seeds, measured_seeds, len(points)):
        yield _named(cell, request, identities[request.stage], points)


def _named(cell: Cell, request: RunRequest, settings: str, points: Sequence[Mapping[str, Any]]) -> tuple[str, Run]:
    stage, seed, fold = request.stage, request.seed, request.fold
    name = f"{stage}-s{seed}" if fold is None else f"{stage}-s{seed}-f{fold}"
    if request.point is None:
        identity = sha256_of_value([settings, seed, fold])
        return identity, Run(cell.id, f"{name}-{identity[:10]}", stage, seed, fold, None)
    point = points[request.point]
    identity = sha256_of_value([settings, seed, fold, point])
    return identity, Run(cell.id, f"{name}-g{request.point:02d}-{identity[:10]}", stage, seed, fold, point)


def _identity(cell: Cell, protocol: Mapping[str, Any]) -> str:
    """Return the hash of everything that a stage of a cell depends on, without seed, fold and grid point."""
    settings = cell.settings.to_json()
    arm = {key: settings["arm"][key] for key in ("mechanism", "classifier", "options")}
    if cell.settings.arm.placebo:
        arm["placebo"] = cell.settings.arm.placebo
    if is_block_mechanism(arm["mechanism"]):
        arm["placement"] = settings["arm"]["placement"]
    recipe = None if cell.is_classifier else settings["recipe"]
    return sha256_of_value(
        [settings["entry_sha256"], settings["backbone"], arm, recipe, settings["code_digest"], protocol]
    )
