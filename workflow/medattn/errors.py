"""Exceptions that commands report as one line, and the reason for skipping a run."""


class UserError(Exception):
    """An error that the user can fix, reported as one line without a traceback; the exit code is 2."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class Skipped(Exception):  # noqa: N818 (the word of benchopt and pytest)
    """The reason why one run can't be trained, such as images that are too small for its network; others continue."""


class StopRequested(BaseException):
    """A request to stop by a signal, reported as one line; the exit code is 75 (EX_TEMPFAIL: try again)."""

    exit_code = 75
