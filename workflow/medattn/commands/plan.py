"""Show the plan of a selection. Nothing is trained.

Shows the cells, runs and packs of the selection, finished runs, skipped cells with their reasons, the measured time
left, and estimates of the cost of training and of the disk space, also for the case that all images and weights are
available. The command trains nothing. If the results folder has another plan, the command says what would change.
--write writes the plan to results/<selection>/ (plan.json, plan.csv and graph.json) for Snakemake. --format csv
and json print a row for each cell.

Finished runs stay in the plan, and their numbers in the tables, even if their images are moved away. If a finished run
or a measured metric would leave the results, for example because the selection, the code or the settings of a data set
have changed, --write stops with exit code 2 and says which and why; nothing is overwritten. --allow-fewer goes on.
The files of the runs are never deleted. --write also stops while a workflow that uses another plan is running.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext, redirect_stdout
from pathlib import Path

from medattn.commands.output_format import TABLE, add_format_argument, print_rows
from medattn.commands.selection import Selected, add_config_argument, freeze
from medattn.config.load import read_configuration, resolve
from medattn.config.models.seeds import SeedLooks
from medattn.config.models.selection import Selection
from medattn.config.resolved import Configuration
from medattn.consistency.inputs import read_papers
from medattn.consistency.unknown_names import unknown_names
from medattn.errors import UserError
from medattn.layout import ResultPaths
from medattn.plan.changes import change_lines
from medattn.plan.cost_estimate import cost_lines, estimate_costs
from medattn.plan.disk_estimate import disk_lines, estimate_disk
from medattn.plan.expand import make_plan, results_of
from medattn.plan.graph import graph_of
from medattn.plan.losses import ALLOW, frozen_plan, loss_words, losses
from medattn.plan.model import Plan
from medattn.plan.plan_file import plan_text
from medattn.plan.progress import Progress, progress_of
from medattn.plan.show import COLUMNS, all_available_line, look_lines, plan_csv, plan_lines, plan_rows
from medattn.plan.speeds import speeds_for
from medattn.reading import MAX_JSON, parse_json
from medattn.shipped import paper_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_config_argument(parser)
    parser.add_argument(
        "--resolved",
        metavar="NAME",
        help="read the selection as JSON from standard input and call it NAME in messages",
    )
    add_format_argument(parser)
    parser.add_argument("--write", action="store_true", help="write the plan to results/<selection>/")
    parser.add_argument("--allow-fewer", action="store_true", help="write a plan that leaves out finished numbers")
    # For Snakemake: the jobs as JSON, the plan that it has seen, and the process that owns it.
    parser.add_argument("--graph", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--expect", metavar="SHA256", help=argparse.SUPPRESS)
    parser.add_argument("--owner", type=int, metavar="PID", help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    """Print the plan."""
    if arguments.resolved:
        configuration = resolve(_selection_from_stdin(), Path(), arguments.resolved)
    else:
        configuration = read_configuration(arguments.config, Path())
    remarks = _remarks_on_published(configuration)  # before days of training, not in the step that judges them
    chosen = Selected(configuration, make_plan(configuration), results_of(configuration))
    progress = progress_of(chosen.plan, chosen.results)
    if arguments.expect not in (None, _sha256(chosen.plan)):
        raise UserError("the plan has changed while Snakemake was starting; run the same command again")
    changes = list(_changes(chosen, arguments.write or arguments.allow_fewer))
    if arguments.write:
        freeze(chosen, progress, arguments.allow_fewer, arguments.owner, again=arguments.owner is None)
    if arguments.format != TABLE:
        rows = plan_rows(chosen.plan, progress)
        print_rows(arguments.format, rows, COLUMNS, (), csv_text=plan_csv(chosen.plan, progress))
        return 0
    with redirect_stdout(sys.stderr) if arguments.graph else nullcontext():
        print("\n".join([*plan_lines(chosen.plan, progress), *look_lines(configuration.selection), *remarks, *changes]))
        if not arguments.resolved:
            print(_power_line(configuration.selection, chosen.results))
        _print_costs(chosen, progress, also_whole=not arguments.resolved)
        if arguments.write:
            print(f"  written: {chosen.results.plan}")
    if arguments.graph:
        graph = graph_of(chosen.plan, configuration, chosen.results)
        json.dump({"graph": graph, "plan_sha256": _sha256(chosen.plan)}, sys.stdout)
    return 0


def _remarks_on_published(configuration: Configuration) -> list[str]:
    """Read the published values and facts of the papers, and return a line for each name that belongs to nothing.

    Raises:
        UserError: one of the files is damaged, or contradicts another.
    """
    found: list[str] = []
    for name, (rows, _) in read_papers(configuration, Path()).items():
        experiments = [each for each in configuration.papers if each.name == name]
        where = str(paper_folder(Path(), name) / "published.csv")
        found += [f"  warning: {sentence}" for sentence in unknown_names(experiments, rows, where)]
    return found


def _sha256(plan: Plan) -> str:
    """Return the SHA-256 of the file that a plan is written to."""
    return hashlib.sha256(plan_text(plan).encode()).hexdigest()


def _changes(chosen: Selected, allowed: bool) -> Iterator[str]:
    """Yield lines on what the plan changes in the results folder, and on what keeps it from being written."""
    before = frozen_plan(chosen.results)
    if before is not None:
        yield from change_lines(before, chosen.plan)
    if not allowed and (lost := losses(before, chosen.plan, chosen.results)):
        yield f"  not to be written without {ALLOW}: {loss_words(lost)} would leave the results"


def _print_costs(chosen: Selected, progress: Progress, also_whole: bool) -> None:
    """Print hours and disk space of the open runs and, if something is not available, of the whole selection."""
    configuration = chosen.configuration
    _print_estimates(chosen.plan, chosen, progress)
    if also_whole and any(cell.missing for cell in chosen.plan.cells.values()):
        whole = make_plan(configuration, as_if_available=True)
        if len(whole.packs) > len(chosen.plan.packs):
            print(all_available_line(whole))
            _print_estimates(whole, chosen, progress)


def _print_estimates(plan: Plan, chosen: Selected, progress: Progress) -> None:
    configuration, speeds = chosen.configuration, speeds_for(chosen.results.complexity)
    for line in cost_lines(estimate_costs(plan, configuration, progress.done, speeds), speeds):
        print(line)
    for line in disk_lines(estimate_disk(plan, configuration), configuration):
        print(line)


def _power_line(selection: Selection, results: ResultPaths) -> str:
    """Return the line with the smallest differences that the seeds find, or with what would give it."""
    stated = selection.seeds.pilot_sd if isinstance(selection.seeds, SeedLooks) else None
    if stated is None and not results.comparisons.is_file():
        # Importing the numerical libraries takes longer than planning.
        return (
            "  power: unknown until two seeds are measured; `pilot_sd` under `seeds`, or `medattn power --sd POINTS`, "
            "states an SD between seeds"
        )
    from medattn.power.show_power import plan_line
    from medattn.power.spread import spread_of_finished_runs

    return f"  power: {plan_line(selection, spread_of_finished_runs(results), stated)}"


def _selection_from_stdin() -> dict[str, object]:
    value = parse_json(sys.stdin.read(MAX_JSON), "standard input", "give a JSON object", finite=False)
    if not isinstance(value, dict):
        raise UserError("the selection on standard input must be a JSON object")
    return value
