"""The one kind of error that is meant for people: a line that says what is wrong, where, and what to do."""


class UserError(Exception):
    """Something that the user can mend: the message is one line, shown without a traceback, and the exit code is 2."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class UnfitError(Exception):
    """A mechanism can't stand where it was put: one line with the reason. It ends one run and not the others."""
