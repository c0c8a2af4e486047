"""Say why a run has to be retrained, or why not.

    medattn why demo.digits.tiny-resnet.gsa                  every run of a cell
    medattn why demo.digits.tiny-resnet.gsa/train-s0-5f3c    one run

Compares the current plan of the selection with the records of earlier trainings of the same cell, stage, seed and fold:
settings key by key, modules of the code, and images. The command trains and writes nothing.

Without --config, a cell that is not in the default selection is searched in the other results folders.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from medattn.commands.output_format import add_format_argument, print_rows
from medattn.commands.selection import Selected, add_selection_arguments, load_selection
from medattn.config.load import resolve
from medattn.errors import UserError
from medattn.plan.expand import make_plan, results_of
from medattn.plan.model import Plan
from medattn.plan.plan_file import read_plan
from medattn.suggestions import unknown_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_selection_arguments(parser)
    add_format_argument(parser)
    parser.add_argument("run", metavar="RUN", help="id of a cell, or of a run, which may be abbreviated")


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each run and one for each reason."""
    from medattn.plan.why import WHY_COLUMNS, explain

    cell, _, start = arguments.run.partition("/")
    chosen = _selection_with(cell, arguments)
    of_cell = [run for run in chosen.plan.runs.values() if cell in run.cells]
    runs = [run for run in of_cell if run.name.startswith(start)]
    if not runs:
        raise UserError(unknown_name("run", start, [run.name for run in of_cell]))
    found = [explain(planned, chosen.plan.cells[cell], chosen.results) for planned in runs]
    rows = (row for explanation in found for row in explanation.rows())
    lines = (line for explanation in found for line in explanation.lines())
    print_rows(arguments.format, rows, WHY_COLUMNS, lines)
    return 0


def _selection_with(cell: str, arguments: argparse.Namespace) -> Selected:
    """Return the selection in the arguments. If they give none, return the one with the cell.

    Raises:
        UserError: no selection has the cell, or several results folders have it.
    """
    named = load_selection(arguments, keep=False)
    if cell in named.plan.cells:
        return named
    searched, cells = f"the selection '{named.plan.selection}'", list(named.plan.cells)
    if arguments.config is None and arguments.plan is None:
        folder = named.results.folder.parent
        plans = dict(_plans(folder))
        others = {path: plan for path, plan in plans.items() if cell in plan.cells}
        if len(others) > 1:
            raise UserError(f"{cell}: in several results ({', '.join(map(str, others))}); choose one with --config")
        for path, plan in others.items():
            configuration = resolve(plan.configuration, Path(), str(path))
            return Selected(configuration, make_plan(configuration), results_of(configuration))
        searched += f" and the plans in {folder}; name another selection with --config"
        cells += [name for plan in plans.values() for name in plan.cells]
    raise UserError(f"{unknown_name('cell', cell, dict.fromkeys(cells))} (searched {searched})")


def _plans(folder: Path) -> Iterator[tuple[Path, Plan]]:
    """Yield path and plan of the results in a folder; unreadable plans are left out."""
    for path in sorted(folder.glob("*/plan.json")):
        try:
            yield path, read_plan(path)
        except UserError:
            continue
