"""Show the plan of a selection. Nothing is trained.

Shows the cells, runs and packs of the selection, finished runs, skipped cells with their reasons, the measured time
left, and estimates of the cost of training and of the disk space, also for the case that all images and weights are
available. The command trains nothing. --write writes the plan to results/<selection>/ (plan.json, plan.csv and
graph.json) for Snakemake. --format csv prints a row
for each cell.
"""

import argparse
import json
import sys
from pathlib import Path

from medattn.commands.selection import Selected, freeze, results_of
from medattn.config.load import read_configuration, resolve
from medattn.config.models.seeds import SeedLooks
from medattn.config.models.selection import Selection
from medattn.errors import UserError
from medattn.layout import ResultPaths
from medattn.plan.cost_estimate import cost_lines, estimate_costs
from medattn.plan.disk_estimate import disk_lines, estimate_disk
from medattn.plan.expand import make_plan
from medattn.plan.progress import progress_of
from medattn.plan.show import all_available_line, look_lines, plan_csv, plan_lines
from medattn.plan.speeds import speeds_for


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("--config", type=Path, default=Path("config.yaml"), help="selection (default: config.yaml)")
    parser.add_argument(
        "--resolved",
        metavar="NAME",
        help="read the selection as JSON from standard input and call it NAME in messages",
    )
    parser.add_argument("--format", choices=("text", "csv"), default="text", help="text (default) or csv")
    parser.add_argument("--write", action="store_true", help="write the plan to results/<selection>/")


def run(arguments: argparse.Namespace) -> int:
    """Print the plan."""
    if arguments.resolved:
        configuration = resolve(_selection_from_stdin(), Path(), arguments.resolved)
    else:
        configuration = read_configuration(arguments.config, Path())
    chosen = Selected(configuration, make_plan(configuration), results_of(configuration))
    progress = progress_of(chosen.plan, chosen.results)
    if arguments.write:
        freeze(chosen, progress)
    if arguments.format == "csv":
        sys.stdout.write(plan_csv(chosen.plan, progress))
    else:
        print("\n".join([*plan_lines(chosen.plan, progress), *look_lines(configuration.selection)]))
        if not arguments.resolved:
            print(_power_line(configuration.selection, chosen.results))
        speeds = speeds_for(chosen.results.complexity)
        for line in cost_lines(estimate_costs(chosen.plan, configuration, progress.done, speeds), speeds):
            print(line)
        for line in disk_lines(estimate_disk(chosen.plan, configuration), configuration):
            print(line)
        if not arguments.resolved and any(cell.missing for cell in chosen.plan.cells.values()):
            whole = make_plan(configuration, as_if_available=True)
            if len(whole.packs) > len(chosen.plan.packs):
                print(all_available_line(whole))
                for line in cost_lines(estimate_costs(whole, configuration, progress.done, speeds), speeds):
                    print(line)
                for line in disk_lines(estimate_disk(whole, configuration), configuration):
                    print(line)
        if arguments.write:
            print(f"  written: {chosen.results.plan}")
    return 0


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
    value = json.load(sys.stdin)
    if not isinstance(value, dict):
        raise UserError("the selection on standard input must be a JSON object")
    return value
