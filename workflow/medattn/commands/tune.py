"""Choose the grid point and the measured epochs of every arm of a group from its cross-validation.

A group is a backbone on a data set (paper.dataset.backbone). What was chosen is written to
results/<selection>/tuned/. Only validation folds of training images are read.
"""

import argparse

from medattn.commands.selection import add_selection_arguments, selected
from medattn.errors import UserError
from medattn.suggestions import unknown_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_selection_arguments(parser)
    parser.add_argument("--group", help="this group only, such as gsa.networks.jaffe.vgg16 (default: all)")


def run(arguments: argparse.Namespace) -> int:
    """Choose."""
    from medattn.tuning.choose import write_choices

    chosen = selected(arguments)
    groups = sorted({cell.group for cell in chosen.plan.cells.values() if cell.missing is None and cell.is_tuned})
    if arguments.group is not None and arguments.group not in groups:
        raise UserError(unknown_name("group", arguments.group, groups))
    for group in [arguments.group] if arguments.group else groups:
        write_choices(chosen.plan, group, chosen.results)
    return 0
