"""Train the runs of a selection.

    medattn train --config config/demo.yaml                                   everything
    medattn train --plan results/demo/plan.json --pack PACK                   one pack, as the workflow does

Without --pack, this process trains the whole selection: the cross-validation, then the choice of grid points and
epochs, then the measured runs. Finished runs are not trained again, and an interrupted run continues from its last
finished epoch. A failed run leaves its reason in failure.json and does not stop the others.

Progress is logged to stderr. Exit codes: 0 all runs are finished; 1 some runs failed; 2 nothing can be trained, or runs
of the --pack failed; 75 a signal stopped the training, and the same command continues it.
"""

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path

from medattn.commands.selection import Selected, add_selection_arguments, load_selection
from medattn.errors import UserError
from medattn.log import print_error
from medattn.plan.model import Cell, Pack
from medattn.protocols.base import Stage
from medattn.suggestions import unknown_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_selection_arguments(parser)
    parser.add_argument("--pack", help="train this pack only, by its id in plan.json")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)  # started by runs_at_once


def run(arguments: argparse.Namespace) -> int:
    """Train one pack, or the whole selection."""
    from medattn.training.pack import train_as_worker, train_pack

    chosen = load_selection(arguments)
    if arguments.pack is not None:
        if arguments.pack not in chosen.plan.packs:
            raise UserError(unknown_name("pack", arguments.pack, chosen.plan.packs))
        pack = chosen.plan.packs[arguments.pack]
        _check_own_mechanisms(chosen, pack.runs)
        _prepare_lost_data(chosen, pack)
        train = train_as_worker if arguments.worker else train_pack
        train(chosen.plan, pack, chosen.results)
        return 0
    if not chosen.plan.packs:
        reason = next(cell.missing for cell in chosen.plan.cells.values() if cell.missing)
        raise UserError(f"no cell of this selection can be run ({reason}); `medattn plan` lists all reasons")
    from medattn.training.plan_owners import owning_plan

    with owning_plan(chosen.results):
        _prepare_data(chosen)
        _check_own_mechanisms(chosen, chosen.plan.runs)
        failed = _train_stage(chosen, "tune")
        if not failed:
            _choose(chosen)
            failed = _train_stage(chosen, "train")
    return 1 if failed else 0


def _prepare_data(chosen: Selected) -> None:
    """Prepare the images of all cells that can be run; whole prepared images stay as they are."""
    _prepare(chosen, {cell.prepared: cell for cell in chosen.plan.cells.values() if cell.missing is None})


def _prepare_lost_data(chosen: Selected, pack: Pack) -> None:
    """Prepare the images of open runs of a pack again where they were deleted after they had been prepared."""
    runs = [chosen.plan.runs[run] for run in pack.runs]
    cells = [
        chosen.plan.cells[run.cell] for run in runs if not chosen.results.run(run.folder, run.name).record.exists()
    ]
    _prepare(chosen, {cell.prepared: cell for cell in cells if not Path(cell.prepared).exists()})


def _prepare(chosen: Selected, wanted: Mapping[str, Cell]) -> None:
    from medattn.datasets.prepare import prepare
    from medattn.plan.stand_ins import planned_entries

    entries = planned_entries(chosen.plan, chosen.configuration)
    for prepared, cell in wanted.items():
        prepare(cell.dataset, entries[cell.dataset], Path(chosen.configuration.selection.data), Path(prepared).name)


def _check_own_mechanisms(chosen: Selected, runs: Iterable[str]) -> None:
    """Check the user's mechanisms of the cells of open runs, before anything is trained with them."""
    planned = [chosen.plan.runs[run] for run in runs]
    open_runs = [run for run in planned if not chosen.results.run(run.folder, run.name).record.exists()]
    cells = [chosen.plan.cells[name] for name in dict.fromkeys(run.cell for run in open_runs)]
    own = [cell for cell in cells if cell.missing is None and ":" in (cell.settings.mechanism or "")]
    if not own:
        return
    from medattn.config.networks.catalog import image_size
    from medattn.plan.stand_ins import planned_entries
    from medattn.training.own_mechanism import check_own_mechanism

    entries = planned_entries(chosen.plan, chosen.configuration)
    for cell in own:
        assert cell.settings.backbone is not None
        check_own_mechanism(cell.settings, image_size(cell.settings.backbone, entries[cell.dataset]))


def _train_stage(chosen: Selected, stage: Stage) -> list[str]:
    """Train the packs of a stage and return the ids of those with failed runs, which do not stop the others."""
    from medattn.training.failures import RunsFailedError
    from medattn.training.pack import train_pack

    failed = []
    for pack in chosen.plan.packs.values():
        if pack.stage == stage:
            try:
                train_pack(chosen.plan, pack, chosen.results)
            except RunsFailedError as error:
                print_error(error)
                failed.append(pack.id)
    return failed


def _choose(chosen: Selected) -> None:
    from medattn.plan.tuning_result import tuned_cells
    from medattn.tuning.choose import write_choices

    groups = {cell.group for cell in tuned_cells(chosen.plan, chosen.results)}
    for group in sorted(groups):
        write_choices(chosen.plan, group, chosen.results)
