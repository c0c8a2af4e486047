"""Measure the finished runs of a selection from their saved scores.

Writes measurements.csv (one row per cell and procedure), epochs.csv (the test accuracy of every measured run after
every epoch) and readings.csv (every run under every reading of its protocol and of its metrics).

If a planned value of measurements.csv would get lost, for example because the record of its run was deleted, the
command stops with exit code 2, says which and why, and leaves the files as they are; --allow-fewer goes on.
"""

import argparse

from medattn.commands.selection import add_allow_fewer_argument, add_selection_arguments, load_selection


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_selection_arguments(parser)
    add_allow_fewer_argument(parser, "measurements.csv")


def run(arguments: argparse.Namespace) -> int:
    """Write the measurements."""
    from medattn.measure.collect import write_measurements

    chosen = load_selection(arguments)
    write_measurements(chosen.plan, chosen.results, allow_fewer=arguments.allow_fewer)
    return 0
