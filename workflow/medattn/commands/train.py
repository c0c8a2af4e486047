"""Train what is planned.

With --plan and --pack, as the workflow calls it: the runs of one pack, one after the other. Without --pack:
everything that the selection asks for, by hand, in this process: cross-validation, the choice of grid points and
epochs, then the measured runs. What has ended already is not trained again, and a run that was interrupted goes on
from its last finished epoch.
"""

import argparse
import sys

from medattn.commands.selection import Selected, add_selection_arguments, selected
from medattn.errors import UserError
from medattn.protocols.base import Stage
from medattn.suggestions import unknown_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_selection_arguments(parser)
    parser.add_argument("--pack", help="train this pack only")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)  # for runs_at_once


def run(arguments: argparse.Namespace) -> int:
    """Train."""
    from medattn.training.pack import train_as_worker, train_pack

    chosen = selected(arguments)
    if arguments.pack is not None:
        if arguments.pack not in chosen.plan.packs:
            raise UserError(unknown_name("pack", arguments.pack, chosen.plan.packs))
        train = train_as_worker if arguments.worker else train_pack
        train(chosen.plan, chosen.plan.packs[arguments.pack], chosen.results)
        return 0
    if not chosen.plan.packs:
        reason = next(cell.missing for cell in chosen.plan.cells.values() if cell.missing)
        raise UserError(f"nothing of this selection can be run ({reason}); `medattn plan` has every reason")
    _prepare_data(chosen)
    failed = _train_stage(chosen, "tune")
    if not failed:
        _choose(chosen)
        failed = _train_stage(chosen, "train")
    return 1 if failed else 0


def _prepare_data(chosen: Selected) -> None:
    from pathlib import Path

    from medattn.datasets.prepare import prepare
    from medattn.plan.stand_ins import planned_entries

    entries = planned_entries(chosen.plan, chosen.configuration)
    wanted = {cell.dataset for cell in chosen.plan.cells.values() if cell.missing is None}
    for name in sorted(wanted):
        prepare(name, entries[name], Path(chosen.configuration.selection.data))


def _train_stage(chosen: Selected, stage: Stage) -> list[str]:
    """Train the packs of a stage; a pack with failed runs does not stop the others."""
    from medattn.training.pack import RunsFailedError, train_pack

    failed = []
    for pack in chosen.plan.packs.values():
        if pack.stage == stage:
            try:
                train_pack(chosen.plan, pack, chosen.results)
            except RunsFailedError as error:
                print(f"medattn: {error}", file=sys.stderr)
                failed.append(pack.id)
    return failed


def _choose(chosen: Selected) -> None:
    from medattn.tuning.choose import write_choices

    groups = {cell.group for cell in chosen.plan.cells.values() if cell.missing is None and cell.is_tuned}
    for group in sorted(groups):
        write_choices(chosen.plan, group, chosen.results)
