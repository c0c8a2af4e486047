"""Measure the trained runs of a selection from their kept scores.

Writes measurements.csv (a row per cell and procedure) and epochs.csv (the test accuracy of every measured run at every
epoch).
"""

import argparse

from medattn.commands.selection import add_selection_arguments, selected


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_selection_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure."""
    from medattn.measure.collect import write_measurements

    chosen = selected(arguments)
    write_measurements(chosen.plan, chosen.results)
    return 0
