"""The selection of a command, by its file or by its frozen plan."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from medattn.config.load import read_configuration, resolve
from medattn.config.resolved import Configuration
from medattn.files import write_json, write_text
from medattn.layout import ResultPaths
from medattn.plan.expand import make_plan
from medattn.plan.graph import graph_of
from medattn.plan.model import Plan
from medattn.plan.plan_file import read_plan, write_plan
from medattn.plan.progress import Progress, progress_of
from medattn.plan.show import plan_csv
from medattn.reading import path_argument


@dataclass(frozen=True)
class Selected:
    """Selection with its plan and the paths of its results."""

    configuration: Configuration
    plan: Plan
    results: ResultPaths


def add_selection_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --config and --plan, which exclude each other."""
    group = parser.add_mutually_exclusive_group()
    add_config_argument(group)
    group.add_argument(
        "--plan", type=path_argument, help="frozen plan of a selection, as the jobs of the workflow use it"
    )


def add_config_argument(parser: argparse._ActionsContainer) -> None:
    """Add --config, the file of the selection; given several times, later files take precedence."""
    parser.add_argument(
        "--config",
        type=path_argument,
        action="append",
        metavar="FILE",
        help="selection (default: config.yaml); repeat to merge",
    )


def load_selection(arguments: argparse.Namespace, keep: bool = True) -> Selected:
    """Load the selection that the arguments name.

    A selection's file is planned and, with `keep`, the plan is frozen. A frozen plan is used without changes.

    Raises:
        UserError: the configuration or the plan is invalid.
    """
    if arguments.plan is not None:
        plan = read_plan(arguments.plan)
        configuration = resolve(plan.configuration, Path(), str(arguments.plan))
        return Selected(configuration, plan, results_of(configuration))
    configuration = read_configuration(arguments.config, Path())
    chosen = Selected(configuration, make_plan(configuration), results_of(configuration))
    if keep:
        freeze(chosen, progress_of(chosen.plan, chosen.results))
    return chosen


def results_of(configuration: Configuration) -> ResultPaths:
    """Return the paths of the results of a configuration."""
    return ResultPaths(Path(configuration.selection.results) / configuration.selection.selection)


def freeze(chosen: Selected, progress: Progress) -> None:
    """Write plan.json, plan.csv and graph.json, which every later stage reads."""
    write_plan(chosen.results.plan, chosen.plan)
    write_json(chosen.results.graph, graph_of(chosen.plan, chosen.configuration, chosen.results))
    write_text(chosen.results.plan_table, plan_csv(chosen.plan, progress))
