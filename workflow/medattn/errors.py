"""Errors that a command reports in one line: user errors, skipped networks and stop requests."""

_LONGEST = 1200
"""Characters of a message. What a damaged file contains can be of any length."""


class UserError(Exception):
    """Error that the user can fix: one line without a traceback, exit code 2."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        line = " ".join(message.split())
        super().__init__(line if len(line) <= _LONGEST else f"{line[: _LONGEST // 2]} ... {line[-_LONGEST // 2 :]}")


class Skipped(Exception):  # noqa: N818 (benchopt and pytest use this word)
    """Reason, in one line, why a network can't be built: its images are too small, or a mechanism can't be placed.

    It ends one run and no other.
    """


class StopRequested(BaseException):
    """Request to stop this process: one line, exit code 75 (EX_TEMPFAIL: try again)."""

    exit_code = 75
