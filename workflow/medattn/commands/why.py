"""Say why a run has to be retrained, or why not.

    medattn why demo.digits.tiny-resnet.gsa                  every run of a cell
    medattn why demo.digits.tiny-resnet.gsa/train-s0-5f3c    one run

Compares the current plan of the selection with the records of earlier trainings of the same cell, stage, seed and fold:
settings key by key, modules of the code, and images. The command trains and writes nothing.
"""

import argparse

from medattn.commands.selection import add_selection_arguments, load_selection
from medattn.errors import UserError
from medattn.suggestions import unknown_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_selection_arguments(parser)
    parser.add_argument("run", metavar="RUN", help="id of a cell, or of a run, which may be abbreviated")


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each run and one for each reason."""
    from medattn.plan.why import reasons

    chosen = load_selection(arguments, keep=False)
    cell, _, start = arguments.run.partition("/")
    if cell not in chosen.plan.cells:
        raise UserError(unknown_name("cell", cell, chosen.plan.cells))
    of_cell = [run for run in chosen.plan.runs.values() if cell in run.cells]
    runs = [run for run in of_cell if run.name.startswith(start)]
    if not runs:
        raise UserError(unknown_name("run", start, [run.name for run in of_cell]))
    for planned in runs:
        print("\n".join(reasons(planned, chosen.plan.cells[cell], chosen.results)))
    return 0
