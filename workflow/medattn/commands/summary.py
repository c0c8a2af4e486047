"""Say what came out of a selection, and where it lies.

Names the tables, figures and the report, what could not be run and why, how often each verdict on a published value or
comparison was given, and how arms compare with vanilla over runs paired by seed.
"""

import argparse
from pathlib import Path

from medattn.commands.selection import add_selection_arguments, selected


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_selection_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the summary."""
    from medattn.render.inputs import read_inputs
    from medattn.render.summary import summary

    chosen = selected(arguments)
    print(summary(read_inputs(chosen.results, chosen.configuration, Path())), end="")
    return 0
