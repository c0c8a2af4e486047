"""Show the progress of training on this and other machines.

    medattn status
    medattn status results/papers --watch
    medattn status --config config/demo.yaml --format json

Counts finished, running, failed and waiting runs, by pack and in total. For each current run, shows its epoch, its
training images per second and the time left, based on the speed of this and of finished runs; "unknown" if no speed was
measured. Reads the files under results/<selection>/ and changes none. --watch updates the display until all runs have
ended. --format csv prints a row for each pack.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from medattn.commands.output_format import TABLE, add_format_argument, print_rows
from medattn.commands.selection import add_config_argument
from medattn.reading import path_argument

if TYPE_CHECKING:
    from medattn.plan.model import Plan
    from medattn.status.summary import Status


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("folder", nargs="?", type=path_argument, help="results of a selection, such as results/papers")
    group = parser.add_mutually_exclusive_group()
    add_config_argument(group)
    group.add_argument("--plan", type=path_argument, help="frozen plan, instead of a selection")
    add_format_argument(parser, "totals, and rows of packs and runs")
    parser.add_argument("--watch", action="store_true", help="refresh until all runs have finished, or until Ctrl-C")
    parser.add_argument(
        "--every", type=_seconds, default=5.0, metavar="SECONDS", help="seconds between two refreshes (default: 5)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Show the status once, or until all runs have finished."""
    from medattn.commands.selection import frozen_path
    from medattn.layout import ResultPaths
    from medattn.plan.plan_file import read_plan
    from medattn.status.snapshot import take_snapshot
    from medattn.status.summary import status_of

    if arguments.folder is not None:
        arguments.plan = arguments.folder / "plan.json"
    path = frozen_path(arguments)
    plan, results = read_plan(path), ResultPaths(path.parent)
    try:
        while True:
            status = status_of(plan, take_snapshot(plan, results), results)
            _print(status, arguments)
            if arguments.config and arguments.format == TABLE and not arguments.watch:
                _print_runs_to_plan(arguments.config, plan)
            if not arguments.watch or not status.total.open:
                return 0
            time.sleep(arguments.every)
    except KeyboardInterrupt:
        if not arguments.watch:
            raise
        return 0


def _print_runs_to_plan(files: Sequence[Path], plan: "Plan") -> None:
    """Print how many runs the selection has that the written plan lacks; nothing if it has none."""
    from medattn.config.load import read_configuration
    from medattn.plan.expand import make_plan

    more = len(make_plan(read_configuration(files, Path())).runs.keys() - plan.runs.keys())
    if more:
        runs = "1 run" if more == 1 else f"{more} runs"
        print(f"  the selection has {runs} more than the written plan; the next start of the workflow adds them")


def _print(status: "Status", arguments: argparse.Namespace) -> None:
    """Print a status; on a terminal with `--watch`, over the previous one."""
    from medattn.status.show import PACK_COLUMNS, status_lines, status_value

    if arguments.watch and sys.stdout.isatty() and sys.__stdout__ is not None:
        sys.__stdout__.write("\x1b[H\x1b[2J")
    value = status_value(status)
    lines, report = status_lines(status), json.dumps(value, indent=2)
    print_rows(arguments.format, value["packs"], PACK_COLUMNS, lines, json_text=report)
    sys.stdout.flush()


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.1 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError("from 0.1 to 86400 seconds")
    return seconds
