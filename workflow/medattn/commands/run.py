"""Run a selection from its plan to its results: plan, fetch, train, measure, compare, render, seal, report and audit.

    medattn run                                      the selection of config.yaml
    medattn run -c config/breastmnist.yaml           another selection
    medattn run -c mine.yaml --profile slurm         with a profile of Snakemake

Does what these commands do, one after the other: `medattn plan`, `medattn fetch` (everything that needs no access
request), `snakemake`, `medattn audit --write` and `medattn summary`. A terminal shows the progress of steps, runs and
epochs; without one, the progress is logged. If no cell of the selection can be run, the command stops before any
training and says what to fetch. It needs Snakemake; all other commands work without.

Stop it at any moment, and run the same command again to continue. Exit codes: 0 success, also if the audit could not
check something; 1 something failed, or does not hold; 2 nothing can be run; 130 interrupted; 143 terminated.
"""

import argparse
import importlib.util
import logging
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from medattn.commands.selection import add_config_argument
from medattn.errors import UserError
from medattn.reading import path_argument
from medattn.shipped import SHIPPED, selection_file

if TYPE_CHECKING:
    from medattn.commands.selection import Selected

log = logging.getLogger(__name__)

_UNCHECKED = 3
"""Exit code of `medattn audit` if nothing is wrong, but something could not be checked here."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_config_argument(parser)
    add_execution_arguments(parser)


def add_execution_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --cores, --profile and --allow-fewer."""
    parser.add_argument("--cores", type=_cores, metavar="N", help="cores of this machine to use (default: all)")
    parser.add_argument("--profile", type=path_argument, metavar="DIR", help="profile of Snakemake, such as slurm")
    parser.add_argument("--allow-fewer", action="store_true", help="go on if finished numbers would leave the results")


def run(arguments: argparse.Namespace) -> int:
    """Run the selection that the arguments name.

    Raises:
        UserError: the selection is invalid, Snakemake is missing, or no cell can be run.
    """
    return run_selection(arguments.config or (), arguments)


def run_selection(files: Sequence[Path], arguments: argparse.Namespace) -> int:
    """Run a selection and return the exit code; raises as `run`.

    Args:
        files: files of the selection; without any, the default selection.
        arguments: cores, profile and allow_fewer.
    """
    from medattn.config.selection_files import default_selection

    if importlib.util.find_spec("snakemake") is None:
        raise UserError("medattn run needs Snakemake; install it with `pip install snakemake`")
    files = [selection_file(path) for path in files or [default_selection()]]
    chosen = _planned(files)
    if _can_fetch_more(chosen):
        _call("fetch", *_options(files))  # what is missing afterwards is in the plan with its reason
        chosen = _planned(files)
    _refuse_nothing(chosen)
    _show_plan(chosen)
    code = _train_and_render(files, chosen, arguments)
    if code:
        return code
    folder, plan = str(chosen.results.folder), ["--plan", str(chosen.results.plan)]
    audited = _call("audit", folder, "--write")
    _call("render", *plan, "--report")  # the page shows the audit
    _call("summary", *plan)
    return 0 if audited in (0, _UNCHECKED) else audited


def _planned(files: Sequence[Path]) -> "Selected":
    from medattn.commands.selection import Selected
    from medattn.config.load import read_configuration
    from medattn.plan.expand import make_plan, results_of

    configuration = read_configuration(files, Path())
    return Selected(configuration, make_plan(configuration), results_of(configuration))


def _show_plan(chosen: "Selected") -> None:
    from medattn.plan.progress import progress_of
    from medattn.plan.show import plan_lines

    print("\n".join(plan_lines(chosen.plan, progress_of(chosen.plan, chosen.results))), flush=True)


def _can_fetch_more(chosen: "Selected") -> bool:
    """Return whether `medattn fetch` can make cells available that are skipped for now."""
    from medattn.plan.availability import can_be_fetched

    data = Path(chosen.configuration.selection.data)
    skipped = [cell for cell in chosen.plan.cells.values() if cell.missing]
    entries = chosen.configuration.datasets
    return any(
        can_be_fetched(cell.dataset, entries[cell.dataset], data) or "medattn fetch" in str(cell.missing)
        for cell in skipped
    )


def _refuse_nothing(chosen: "Selected") -> None:
    """Refuse a plan in which no cell can be run; raises a UserError that names what to fetch."""
    cells = chosen.plan.cells.values()
    if chosen.plan.packs or any(cell.missing is None for cell in cells):
        return
    reasons = dict.fromkeys(f"{cell.dataset}: {cell.missing}" for cell in cells if cell.missing)
    raise UserError(f"0 of {len(cells)} cells can be run; nothing was started. {'. '.join(reasons)}")


def _train_and_render(files: Sequence[Path], chosen: "Selected", arguments: argparse.Namespace) -> int:
    """Run Snakemake with a display of its progress, and return its exit code."""
    from medattn.status.workflow_process import follow

    profile = _profile(arguments.profile)
    command = [
        *(sys.executable, "-P", "-m", "snakemake", "--snakefile", str(SHIPPED / "workflow" / "Snakefile")),
        *("--configfile", *map(str, files)),
        *(["--config", "allow_fewer=true"] if arguments.allow_fewer else []),
        *(["--profile", str(profile)] if profile else []),
        *([] if profile and arguments.cores is None else ["--cores", str(arguments.cores or "all")]),
        *("--rerun-incomplete", "--nolock"),
    ]
    return follow(command, chosen.results)


def _profile(given: Path | None) -> Path | None:
    """Return a folder of the working folder, or else a shipped one, or else the name of one of the user's profiles."""
    if given is None or given.is_absolute() or given.is_dir() or not (SHIPPED / given).is_dir():
        return given
    return SHIPPED / given


def _call(*arguments: str) -> int:
    """Run another command of medattn in a separate process, and return its exit code."""
    log.info("medattn %s", " ".join(arguments))
    return subprocess.run([sys.executable, "-P", "-m", "medattn", *arguments], check=False).returncode


def _options(files: Sequence[Path]) -> list[str]:
    return [option for path in files for option in ("--config", str(path))]


def _cores(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError("a number of cores, at least 1")
    return int(text)
