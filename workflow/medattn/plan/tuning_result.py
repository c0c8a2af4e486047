"""Results of the stage `tune`, in results/<selection>/tuned/."""

from collections.abc import Mapping
from typing import Any

from medattn.errors import UserError
from medattn.files import read_json
from medattn.layout import ResultPaths
from medattn.plan.model import Cell, Plan
from medattn.plan.run_folders import RunFolders


def tuned_cells(plan: Plan, results: ResultPaths) -> list[Cell]:
    """Return the cells whose grid point or epochs can be chosen.

    These are the cells that can be run, and those that cannot, for example because their images were moved, but whose
    runs of the stage `tune` have all finished before.
    """
    folders = RunFolders(results)

    def is_chosen(cell: Cell) -> bool:
        runs = plan.runs_of(cell.id, "tune")
        return cell.missing is None or (bool(runs) and all(map(folders.has_finished, runs)))

    return [cell for cell in plan.cells.values() if cell.is_tuned and is_chosen(cell)]


def choice_key(seed: int | None, fold: int | None) -> str:
    """Return the key of a choice in the file: a seed or `all`, and the fold if each fold has its own choice."""
    name = "all" if seed is None else str(seed)
    return name if fold is None else f"{name}/{fold}"


def read_choice(results: ResultPaths, cell: Cell, seed: int, fold: int | None = None) -> Mapping[str, Any]:
    """Return the choice for a run of a cell: `epochs` and `grid_point`, or None and a `reason` if all diverged.

    Raises:
        UserError: the file is missing or damaged.
    """
    path = results.tuned(cell.group)
    value = read_json(path)
    try:
        seeds = value["cells"][cell.id]
        choice: Mapping[str, Any] = seeds.get(choice_key(seed, fold)) or seeds[choice_key(None, fold)]
        if choice["grid_point"] is None:
            str(choice["reason"])
        list(choice["epochs"])
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: no choice for {cell.id}; delete it and run `medattn tune` again") from error
    return choice
