"""Summarize the results of a selection.

Begins with the answer: what each mechanism does, pooled over data sets. Then lists the tables, figures and the report,
cells that could not be run with the reason, the number of each verdict on published values and comparisons, and the
comparison of each arm with vanilla over runs paired by seed.
"""

import argparse
from pathlib import Path

from medattn.commands.selection import add_selection_arguments, load_frozen


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_selection_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the summary."""
    from medattn.render.inputs import read_inputs
    from medattn.render.summary import summary

    chosen = load_frozen(arguments)
    print(summary(read_inputs(chosen.results, chosen.configuration, Path())), end="")
    return 0
