"""The command line: `medattn COMMAND ...`, a command a file in commands/. Each --help is a page of the manual."""

import argparse
import os
import sys
from importlib import import_module

from medattn.errors import StopRequested, UserError
from medattn.suggestions import unknown_name
from medattn.version import __version__

# Name -> what it does. Kept here so that --help need not import every command.
COMMANDS = {
    "plan": "show cells, runs and packs, what is done, what can't be run and why",
    "fetch": "download, check and prepare data sets and ImageNet weights",
    "train": "train what is planned: one pack, or everything",
    "status": "show runs done, running, failed and waiting, with the time left",
    "tune": "choose grid points and epochs from the cross-validation",
    "complexity": "count parameters, operations and memory beside what is published",
    "measure": "measure the trained runs: measurements.csv, epochs.csv",
    "compare": "compare arms: comparisons.csv",
    "judge": "give every published value and comparison its verdict: claims.csv",
    "render": "render tables, figures and captions",
    "audit": "check that everything in a results folder is what it says, and comes out again",
    "crate": "write the results as a research object (RO-Crate) for people without medattn",
    "why": "say why a run has to be trained anew, or why not",
    "claims": "check the arithmetic of published values, without training anything",
    "summary": "say what came out and where it lies",
}


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 well, 2 something to mend, 75 asked to stop, 141 not read on."""
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_help())
        return 0
    if arguments[0] == "--version":
        print(f"medattn {__version__}")
        return 0
    name = arguments[0]
    try:
        if name not in COMMANDS:
            raise UserError(unknown_name("command", name, COMMANDS))
        command = import_module(f"medattn.commands.{name}")
        parser = argparse.ArgumentParser(
            prog=f"medattn {name}",
            description=command.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(parser)
        code: int = command.run(parser.parse_args(arguments[1:]))
        sys.stdout.flush()
        return code
    except (UserError, StopRequested) as error:
        print(f"medattn: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # Who read the output, such as `head`, has seen enough; nor can Python write what is left when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        print("medattn: stopped; the same command goes on from here", file=sys.stderr)
        return 130


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {what}" for name, what in COMMANDS.items()]
    return "\n".join(
        [
            "usage: medattn COMMAND [--help] ...",
            "",
            "Re-run papers on attention in medical image classification, and prove where every number came from.",
            "",
            *lines,
            "",
            "`medattn COMMAND --help` is the manual of a command.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
