"""Show the progress of training on this and other machines.

Counts the runs that are done, running, failed and waiting, by pack and in total. For each running run it shows the
epoch, the training images per second and the time left, estimated from this run and finished ones, or "unknown". The
command only reads files under results/<selection>/. --watch refreshes the output until all runs have finished.

    medattn status
    medattn status results/papers --watch
    medattn status --config config/demo.yaml --format json

Counts finished, running, failed and waiting runs, by pack and in total. For each current run, shows its epoch, its
training images per second and the time left, based on the speed of this and of finished runs; "unknown" if no speed was
measured. Reads the files under results/<selection>/ and changes none. --watch updates the display until all runs have
ended.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from medattn.errors import UserError

if TYPE_CHECKING:
    from medattn.status.summary import Status


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("folder", nargs="?", type=Path, help="results of a selection, such as results/papers")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--config", type=Path, default=Path("config.yaml"), help="selection (default: config.yaml)")
    group.add_argument("--plan", type=Path, help="frozen plan, instead of a selection")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="text (default) or json")
    parser.add_argument("--watch", action="store_true", help="refresh until all runs have finished, or until Ctrl-C")
    parser.add_argument(
        "--every", type=_seconds, default=5.0, metavar="SECONDS", help="seconds between two refreshes (default: 5)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Show the status once, or until all runs have finished."""
    from medattn.layout import ResultPaths
    from medattn.plan.plan_file import read_plan
    from medattn.status.snapshot import take_snapshot
    from medattn.status.summary import status_of

    path = _plan_of(arguments)
    plan, results = read_plan(path), ResultPaths(path.parent)
    try:
        while True:
            status = status_of(plan, take_snapshot(plan, results), results)
            _draw(_text(status, arguments.format), again=arguments.watch)
            if not arguments.watch or not status.total.open:
                return 0
            time.sleep(arguments.every)
    except KeyboardInterrupt:
        if not arguments.watch:
            raise
        return 0


def _text(status: "Status", form: str) -> str:
    from medattn.status.show import status_lines, status_value

    return json.dumps(status_value(status), indent=2) if form == "json" else "\n".join(status_lines(status))


def _draw(text: str, again: bool) -> None:
    """Print a status; on a terminal with `--watch`, over the previous one."""
    if again and sys.stdout.isatty() and sys.__stdout__ is not None:
        sys.__stdout__.write("\x1b[H\x1b[2J")
    print(text, flush=True)


def _plan_of(arguments: argparse.Namespace) -> Path:
    if arguments.folder is not None:
        path: Path = arguments.folder / "plan.json"
    elif arguments.plan is not None:
        path = arguments.plan
    else:
        from medattn.commands.selection import results_of
        from medattn.config.load import read_configuration

        path = results_of(read_configuration(arguments.config, Path())).plan
    if not path.is_file():
        raise UserError(
            f"{path}: no such file; nothing was started yet: run `medattn plan --write` or snakemake to make it"
        )
    return path


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.1 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError("from 0.1 to 86400 seconds")
    return seconds
