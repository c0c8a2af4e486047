"""The selection of a command, by its file or by its frozen plan."""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from medattn.config.load import read_configuration, resolve
from medattn.config.resolved import Configuration
from medattn.errors import UserError
from medattn.files import json_text, sha256_of_file, write_text
from medattn.layout import ResultPaths
from medattn.plan.expand import make_plan, results_of
from medattn.plan.graph import graph_of
from medattn.plan.known_data import remember_contents
from medattn.plan.losses import frozen_plan, losses, refuse_losses
from medattn.plan.model import Plan
from medattn.plan.plan_file import plan_text, read_plan
from medattn.plan.progress import Progress, progress_of
from medattn.plan.show import plan_csv
from medattn.reading import path_argument, read_bytes
from medattn.training.plan_owners import refuse_owned


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
    """Add -c and --config, the file of the selection; given several times, later files take precedence."""
    parser.add_argument(
        "-c",
        "--config",
        type=path_argument,
        action="append",
        metavar="FILE",
        help="selection (default: config.yaml); repeat to merge; shipped ones are found by name: config/demo.yaml",
    )


def add_allow_fewer_argument(parser: argparse.ArgumentParser, file: str) -> None:
    """Add --allow-fewer: write `file` even if values leave it."""
    parser.add_argument(
        "--allow-fewer",
        action="store_true",
        default=os.environ.get("MEDATTN_ALLOW_FEWER") == "1",  # `snakemake --config allow_fewer=true` sets it
        help=f"write {file} even if values leave it",
    )


def load_selection(arguments: argparse.Namespace, keep: bool = True) -> Selected:
    """Load the selection that the arguments name.

    A selection's file is planned and, with `keep`, the plan is frozen. A frozen plan is used without changes; with
    `keep`, it must be the one in its results folder.

    Raises:
        UserError: the configuration or the plan is invalid, the plan is not that of its results folder, or it must not
            be frozen (see `freeze`).
    """
    if arguments.plan is not None:
        chosen = _with_plan(arguments.plan)
        if keep:
            _refuse_other_folder(arguments.plan, chosen.results)
        return chosen
    configuration = read_configuration(arguments.config, Path())
    chosen = Selected(configuration, make_plan(configuration), results_of(configuration))
    if keep:
        freeze(chosen, progress_of(chosen.plan, chosen.results), getattr(arguments, "allow_fewer", False))
    return chosen


def load_frozen(arguments: argparse.Namespace) -> Selected:
    """Load the frozen plan of the selection that the arguments name, with the selection as it was frozen.

    Raises:
        UserError: there is no such plan, or it is invalid.
    """
    return _with_plan(frozen_path(arguments))


def frozen_path(arguments: argparse.Namespace) -> Path:
    """Return the path of the frozen plan that the arguments name; raises as `load_frozen` if there is none."""
    path: Path = arguments.plan or results_of(read_configuration(arguments.config, Path())).plan
    if not path.is_file():
        raise UserError(
            f"{path}: no such file; nothing was started yet: run `medattn plan --write` or snakemake to make it"
        )
    return path


def _with_plan(path: Path) -> Selected:
    sha256, _, name = os.environ.get("MEDATTN_PLAN", "").partition(":")  # Snakemake sets it for its jobs
    if sha256 and str(path) == name and path.is_file() and sha256_of_file(path) != sha256:
        raise UserError(
            f"{path}: not the plan that Snakemake has read; run `medattn plan --write` with the same selection, or "
            "start Snakemake without --no-hooks"
        )
    plan = read_plan(path)
    configuration = resolve(plan.configuration, Path(), str(path))
    return Selected(configuration, plan, results_of(configuration))


def _refuse_other_folder(path: Path, results: ResultPaths) -> None:
    """Refuse to write results by a plan that is not the plan of their folder: numbers would be lost or mixed."""
    if not results.plan.is_file():
        raise UserError(
            f"{path}: the plan of {results.folder}, which has no plan in this working folder; change to the folder "
            "where the selection is run, or freeze it here with `medattn plan --write`"
        )
    if read_bytes(results.plan) != read_bytes(path):
        raise UserError(
            f"{path}: not the plan that {results.folder} has now; use {results.plan}, or give the selection of the "
            "other plan another name"
        )


def freeze(
    chosen: Selected,
    progress: Progress,
    allow_fewer: bool = False,
    owner: int | None = None,
    *,
    again: bool = False,
) -> None:
    """Write plan.json, plan.csv and graph.json, which every later stage reads.

    Args:
        chosen: the selection with its plan.
        progress: its progress.
        allow_fewer: replace a plan even if finished runs or measured metrics leave the results.
        owner: process of the workflow that asks, if another one; it may own the plan that is replaced.
        again: write files that would be the same, too.

    Raises:
        UserError: a running workflow uses another plan, or numbers would leave the results.
    """
    results, text = chosen.results, plan_text(chosen.plan)
    if not results.plan.is_file() or read_bytes(results.plan) != text.encode():
        refuse_owned(results, owner or os.getpid())
        if not allow_fewer:
            refuse_losses(losses(frozen_plan(results), chosen.plan, results), results)
    remember_contents(chosen.configuration, chosen.plan)
    graph = json_text(graph_of(chosen.plan, chosen.configuration, results))
    table = plan_csv(chosen.plan, progress)
    for path, content in ((results.plan, text), (results.graph, graph), (results.plan_table, table)):
        # Snakemake makes tables again that are older than the plan.
        if again or not path.is_file() or read_bytes(path) != content.encode():
            write_text(path, content)
