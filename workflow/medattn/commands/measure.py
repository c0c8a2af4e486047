"""Measure the finished runs of a selection from their saved scores.

Writes measurements.csv (one row per cell and procedure) and epochs.csv (the test accuracy of every measured run after
every epoch).
"""

import argparse

from medattn.commands.selection import add_selection_arguments, load_selection


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_selection_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the measurements."""
    from medattn.measure.collect import write_measurements

    chosen = load_selection(arguments)
    write_measurements(chosen.plan, chosen.results)
    return 0
