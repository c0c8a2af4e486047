"""Say why a run has to be retrained, or why not.

    medattn why demo.digits.tiny-resnet.gsa                  every run of a cell
    medattn why demo.digits.tiny-resnet.gsa/train-s0-5f3c    one run

Compares the current plan of the selection with the records of earlier trainings of the same cell, stage, seed and fold:
settings key by key, modules of the code, and images. The command trains and writes nothing.
"""

import argparse

from medattn.commands.output_format import add_format_argument, print_rows
from medattn.commands.selection import add_selection_arguments, load_selection
from medattn.errors import UserError
from medattn.suggestions import unknown_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_selection_arguments(parser)
    add_format_argument(parser)
    parser.add_argument("run", metavar="RUN", help="id of a cell, or of a run, which may be abbreviated")


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each run and one for each reason."""
    from medattn.plan.why import WHY_COLUMNS, explain

    chosen = load_selection(arguments, keep=False)
    cell, _, start = arguments.run.partition("/")
    if cell not in chosen.plan.cells:
        raise UserError(unknown_name("cell", cell, chosen.plan.cells))
    of_cell = [run for run in chosen.plan.runs.values() if cell in run.cells]
    runs = [run for run in of_cell if run.name.startswith(start)]
    if not runs:
        raise UserError(unknown_name("run", start, [run.name for run in of_cell]))
    found = [explain(planned, chosen.plan.cells[cell], chosen.results) for planned in runs]
    rows = (row for explanation in found for row in explanation.rows())
    lines = (line for explanation in found for line in explanation.lines())
    print_rows(arguments.format, rows, WHY_COLUMNS, lines)
    return 0
