"""What the commands say to people in a line: something to mend, or that they were asked to stop."""


class UserError(Exception):
    """Something that the user can mend: the message is one line, shown without a traceback, and the exit code is 2."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class Skipped(Exception):  # noqa: N818 (the word of benchopt and pytest)
    """A mechanism can't stand where it was put, or images are too small for a network: one line with the reason.

    It ends one run and not the others.
    """


class StopRequested(BaseException):
    """A signal asked this process to stop; the message is one line and the exit code is 75 (EX_TEMPFAIL: try again)."""

    exit_code = 75
