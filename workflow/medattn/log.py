"""Logging of the commands: one line a message on stderr, with time, level, command and run.

    2026-11-29 13:45:01 INFO train [3/12] demo.digits.tiny-resnet.gsa/train-s0-5f3c: epoch 10/150, 12.3 s/epoch

Modules log to `logging.getLogger(__name__)`. Only the package's logger has a handler: libraries that log stay quiet.
"""

import argparse
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO

from medattn.text_formats import printable

_LOGGER = logging.getLogger("medattn")
_run: ContextVar[str] = ContextVar("run", default="")


def add_verbosity_arguments(parser: argparse.ArgumentParser) -> None:
    """Add -v and -q, which every command takes."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("-v", "--verbose", action="store_true", help="log details as well")
    group.add_argument("-q", "--quiet", action="store_true", help="log warnings and errors only")


def configure_logging(command: str, arguments: argparse.Namespace) -> None:
    """Log to stderr from the level that the arguments ask for: INFO, DEBUG with -v, WARNING with -q."""
    _LOGGER.setLevel(
        logging.DEBUG if arguments.verbose else logging.WARNING if arguments.quiet else logging.INFO,
    )
    _LOGGER.propagate = False  # a library that configures the root logger would repeat every line
    handler = _StderrHandler()
    handler.setFormatter(_Formatter(command))
    _LOGGER.handlers[:] = [handler]


def verbosity_flags() -> list[str]:
    """Return the flags that give a subprocess the log level of this process."""
    level = _LOGGER.getEffectiveLevel()
    if level <= logging.DEBUG:
        return ["--verbose"]
    return ["--quiet"] if level >= logging.WARNING else []


@contextmanager
def logged_run(label: str) -> Iterator[None]:
    """Name the run `label` in every line that is logged within the block."""
    token = _run.set(label)
    try:
        yield
    finally:
        _run.reset(token)


def print_error(error: BaseException | str) -> None:
    """Print the one line on stderr by which a command reports an error, whatever the log level."""
    print(printable(f"medattn: {error}"), file=sys.stderr, flush=True)


class _StderrHandler(logging.StreamHandler[TextIO]):
    """Handler that writes to the `sys.stderr` of the moment, which tests and notebooks replace."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        """The current `sys.stderr`."""
        return sys.stderr

    @stream.setter
    def stream(self, value: TextIO) -> None:
        raise AttributeError("the stream is always sys.stderr")


class _Formatter(logging.Formatter):
    """Format of a line: time, level, command, run, message; the message is folded into the line."""

    def __init__(self, command: str) -> None:
        super().__init__("%(asctime)s %(levelname)s %(command)s %(run)s%(message)s", "%Y-%m-%d %H:%M:%S")
        self._command = command

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        record.command = self._command
        record.run = f"{label}: " if (label := _run.get()) else ""
        return printable(" ".join(super().format(record).split()))
