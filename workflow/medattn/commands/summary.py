"""Summarize the results of a selection.

Begins with the answer: what each mechanism does, pooled over data sets. Then lists the tables, figures and the report,
cells that could not be run with the reason, the number of each verdict on published values and comparisons, and the
comparison of each arm with vanilla over runs paired by seed.
"""

import argparse
from pathlib import Path

from medattn.commands.output_format import add_format_argument, print_rows
from medattn.commands.selection import add_selection_arguments, load_frozen


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_selection_arguments(parser)
    add_format_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the summary."""
    from medattn.render.inputs import read_inputs
    from medattn.render.summary import SUMMARY_COLUMNS, summary_lines, summary_rows

    chosen = load_frozen(arguments)
    inputs = read_inputs(chosen.results, chosen.configuration, Path())
    print_rows(arguments.format, summary_rows(inputs), SUMMARY_COLUMNS, summary_lines(inputs))
    return 0
