"""Run the demo: the whole chain on small embedded images, in a few minutes on two cores.

Runs the selection config/demo.yaml as `medattn run -c config/demo.yaml` does, in any folder: no checkout, data or GPU
is needed. The results are in results/demo/; report.html shows every number with its runs.
"""

import argparse
from pathlib import Path

from medattn.commands.run import add_execution_arguments, run_selection

_SELECTION = Path("config", "demo.yaml")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_execution_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the demo; raises as `medattn run`."""
    return run_selection([_SELECTION], arguments)
