"""Choose the grid point and the measured epochs of every arm from its cross-validation.

Choices are made by group: a backbone on a data set (paper.experiment.dataset.backbone). They are written to
results/<selection>/tuned/. Only scores of validation folds are read, never those of test images.
"""

import argparse

from medattn.commands.selection import add_selection_arguments, load_selection
from medattn.errors import UserError
from medattn.suggestions import unknown_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_selection_arguments(parser)
    parser.add_argument(
        "--group",
        action="append",
        metavar="NAME",
        help="choose for this group only, such as gsa.networks.jaffe.vgg16; may be repeated (default: all)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the choices."""
    from medattn.plan.tuning_result import tuned_cells
    from medattn.tuning.choose import write_choices

    chosen = load_selection(arguments)
    groups = sorted({cell.group for cell in tuned_cells(chosen.plan, chosen.results)})
    for group in arguments.group or []:
        if group not in groups:
            raise UserError(unknown_name("group", group, groups))
    for group in arguments.group or groups:
        write_choices(chosen.plan, group, chosen.results)
        print(f"{chosen.results.tuned(group)}: written")
    return 0
