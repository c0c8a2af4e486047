"""Show which differences the seeds of a selection can find, and how many seeds the published differences need.

    medattn power                               the comparisons of config.yaml
    medattn power --sd 1.5                      before any run: an assumed standard deviation, in percentage points
    medattn power --pilot results/breastmnist   or that of the comparisons of another selection
    medattn power --format csv                  a row for each comparison and number of seeds

For every published comparison whose cells are in the selection, and for every comparison of the answer (each mechanism
against vanilla and its placebos, on each data set and on average): the smallest difference that each look (or the
listed seeds) finds with 80% probability by the primary test over seeds, the seeds that find the published or, in the
answer, the measured difference, and the seeds that show equal arms to be equal within the margin. The significance
level is that of the selection, split over its looks and, as Holm's correction does for the smallest p, over the
comparisons that are corrected together.

The standard deviation of the difference between seeds is the upper 80% confidence bound (chi-square) of the measured
one. Without two measured seeds it is --sd, or `pilot_sd` of the looks, that of the pilot, or the median bound of the
measured comparisons of the paper or selection, in this order. docs/statistics.md explains the calculation. The command
only reads.
"""

import argparse
from pathlib import Path

from medattn.commands.output_format import add_format_argument, print_rows
from medattn.commands.selection import add_selection_arguments, load_selection
from medattn.errors import UserError
from medattn.reading import path_argument


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_selection_arguments(parser)
    add_spread_arguments(parser)
    add_format_argument(parser)


def add_spread_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --sd and --pilot."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--sd", type=float, metavar="POINTS", help="assumed SD of the difference between seeds, where none is measured"
    )
    group.add_argument(
        "--pilot", type=path_argument, metavar="FOLDER", help="results of another selection, for its SDs"
    )


def check_spread_arguments(arguments: argparse.Namespace) -> None:
    """Check --sd.

    Raises:
        UserError: it is not a number of percentage points.
    """
    if arguments.sd is not None and not 0 < arguments.sd <= 100:
        raise UserError(f"--sd: must be above 0 and at most 100 percentage points, not {arguments.sd:g}")


def run(arguments: argparse.Namespace) -> int:
    """Print the power of the comparisons."""
    check_spread_arguments(arguments)
    chosen = load_selection(arguments, keep=False)

    from medattn.power.candidates import candidates
    from medattn.power.comparison_power import comparison_powers
    from medattn.power.show_power import POWER_COLUMNS, power_lines, power_rows
    from medattn.power.spread import assumed_spreads

    claims = candidates(chosen.results, chosen.configuration, chosen.plan, Path())
    spreads = assumed_spreads(claims, chosen.configuration, arguments.sd, arguments.pilot)
    powers = comparison_powers(claims, chosen.configuration.selection, spreads)
    lines = power_lines(powers, chosen.configuration.selection, spreads.of_user)
    print_rows(arguments.format, power_rows(powers), POWER_COLUMNS, lines)
    return 0
