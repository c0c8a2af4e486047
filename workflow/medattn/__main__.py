# PYTHON_ARGCOMPLETE_OK
"""The command line: `medattn COMMAND ...`, one file a command in commands/. Each --help is a page of the manual."""

import argparse
import io
import os
import shlex
import sys
import tempfile
import traceback
from contextlib import redirect_stdout, suppress
from importlib import import_module
from pathlib import Path
from typing import TextIO, cast

from medattn.caches import use_writable_caches
from medattn.errors import StopRequested, UserError
from medattn.file_errors import file_error_line
from medattn.log import add_verbosity_arguments, configure_logging, print_error
from medattn.suggestions import unknown_name
from medattn.text_formats import PrintableStream
from medattn.version import __version__

# Name -> summary. They are here because --help then imports no command.
COMMANDS = {
    "run": "run a selection from its plan to its audited results, with a display of the progress",
    "new": "write the files of a new paper, data set, mechanism, figure or metric",
    "demo": "run the demo: the whole chain on small embedded images, in a few minutes",
    "plan": "show cells, runs and packs, those that are done, and those that can't be run, with the reason",
    "fetch": "download, check and prepare data sets and ImageNet weights",
    "train": "train the runs of one pack, or of the whole selection",
    "status": "count finished, running, failed and waiting runs, with the time left",
    "tune": "choose grid points and epochs from the cross-validation",
    "complexity": "count parameters, operations and memory, next to the published values",
    "measure": "measure the finished runs: measurements.csv, epochs.csv, readings.csv",
    "compare": "compare arms: comparisons.csv",
    "judge": "give every published value and comparison its verdict: claims.csv",
    "answer": "pool the effect of every mechanism over data sets: answer.csv",
    "render": "render tables, figures and captions",
    "power": "show which differences the seeds can find, and how many seeds the published ones need",
    "next": "list the open claims by the cost of deciding them, and write the selection that does",
    "audit": "verify the files of a results folder, and that recomputing them gives the same values",
    "diff": "compare two results folders: selection, code, data, runs, numbers, verdicts",
    "export": "export curves and measurements for TensorBoard or MLflow, or as CSV; a data set's metadata as Croissant",
    "crate": "export the results as a research object (RO-Crate), readable without medattn",
    "why": "explain why a run has to be trained again, or why not",
    "claims": "check the consistency of published values, without training anything (alias: consistency)",
    "summary": "summarize the results and list their files",
}


EX_SOFTWARE = 70
"""Exit code of an error that medattn does not expect, as in sysexits.h."""
_ALIASES = {"consistency": "claims"}


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Exit codes: 0 success; 1 findings, or failed runs; 2 user error; 70 an error of medattn; 75 stopped (retry); 130
    interrupted; 141 broken pipe.
    """
    _use_streams()
    if os.environ.get("_ARGCOMPLETE") and os.environ.get("COMP_POINT", "").isdecimal() and "COMP_LINE" in os.environ:
        from medattn.completion import complete  # a shell asks for completions

        complete(COMMANDS, _ALIASES)
    arguments = sys.argv[1:] if argv is None else argv
    name = _ALIASES.get(arguments[0], arguments[0]) if arguments else ""
    try:
        code = _run(name, arguments)
        sys.stdout.flush()
        return code
    except (UserError, StopRequested) as error:
        print_error(error)
        return error.exit_code
    except BrokenPipeError:  # the reader, such as `head`, has closed the pipe
        _drop_output()
        return 141
    except KeyboardInterrupt:
        print_error("interrupted; run the same command again to continue")
        return 130
    except MemoryError:
        print_error("out of memory; close other programs, or run the command on a machine with more memory")
        return UserError.exit_code
    except UnicodeEncodeError as error:
        shown = ascii(error.object[error.start : error.end])
        print_error(f"{name}: the locale has no {shown}, which a file name needs; set PYTHONUTF8=1 or LC_ALL=C.UTF-8")
        return UserError.exit_code
    except Exception as error:  # the last resort: no traceback on the terminal
        line = file_error_line(error)
        if line is None:
            return _report_bug(name, error)
        if isinstance(error, OSError) and error.filename is None:
            _drop_output()
        print_error(line)
        return UserError.exit_code


def _run(name: str, arguments: list[str]) -> int:
    """Run a command with its arguments, of which the first is its name; return its exit code.

    Raises:
        UserError: there is no such command, the working folder was deleted, or the command fails.
    """
    if not name or name in ("-h", "--help"):
        print(_help())
        return 0
    if name == "--version":
        print(f"medattn {__version__}")
        return 0
    if name not in COMMANDS:
        raise UserError(unknown_name("command", name, COMMANDS))
    try:
        Path.cwd()
    except FileNotFoundError as error:
        raise UserError("the working folder was deleted; change to another one") from error
    use_writable_caches()
    command = import_module(f"medattn.commands.{name}")
    parser = argparse.ArgumentParser(
        prog=f"medattn {name}",
        description=command.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_arguments(parser)
    add_verbosity_arguments(parser)
    parsed = parser.parse_args(arguments[1:])
    configure_logging(name, parsed)
    with redirect_stdout(cast(TextIO, PrintableStream(sys.stdout))):
        try:
            code: int = command.run(parsed)
        except SystemExit as error:  # no command ends the process; a Python file of the user may
            raise UserError(
                f"{name}: a Python file of yours ended the program (sys.exit); put such calls under "
                '`if __name__ == "__main__":`'
            ) from error
        sys.stdout.flush()
    return code


def _use_streams() -> None:
    """Let a terminal without Unicode show escapes, and replace streams that the caller has closed."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.stdin = sys.stdin or Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 (open until the process ends)
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115


def _drop_output() -> None:
    """Send the rest of the output nowhere: at exit, Python would fail to write it, with a traceback."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_bug(command: str, error: Exception) -> int:
    """Print one line for an error that no part of medattn expects, and keep its traceback in a temporary file."""
    what = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", errors="backslashreplace", prefix="medattn-", suffix=".log", delete=False
        ) as stream:
            stream.write(
                f"medattn {__version__}: {shlex.join(sys.argv)}\n\n{''.join(traceback.format_exception(error))}"
            )
        where = f"the traceback is in {stream.name}; please report it"
    except OSError:
        where = "the traceback could not be saved"
    print_error(f"{command}: an error of medattn, or a file that it can't read ({what}); {where}")
    return EX_SOFTWARE


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {what}" for name, what in COMMANDS.items()]
    return "\n".join(
        [
            "usage: medattn COMMAND [--help] [-v | -q] ...",
            "",
            "Re-run papers on attention in medical image classification, and trace every number to its runs.",
            "",
            *lines,
            "",
            "`medattn COMMAND --help` is the manual of a command.",
            'Tab completes commands, options and names after: eval "$(register-python-argcomplete medattn)"',
        ]
    )


if __name__ == "__main__":
    # `python -m` searches the working folder first, where a file such as statistics.py would replace Python's.
    with suppress(FileNotFoundError):  # the working folder was deleted
        if not sys.flags.safe_path and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109
            del sys.path[0]
    sys.exit(main())
